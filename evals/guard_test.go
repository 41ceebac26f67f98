package evals_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/evals"
)

func TestGuardReportTellsMissedFromOverBlocked(t *testing.T) {
	t.Parallel()

	g, err := guard.New()
	require.NoError(t, err)
	source := []string{"A withdrawal cannot be cancelled once it has been broadcast to the network."}
	report := evals.Guard(g, guard.NewRegistry(nil), []evals.GuardRow{
		{ID: "caught", Draft: "A withdrawal can be cancelled once it has been broadcast.", Kind: "unsupported", Lang: "en", Sources: source, Verdict: "block"},
		{ID: "missed", Draft: source[0], Kind: "number", Lang: "en", Sources: source, Verdict: "block"},
		{ID: "harmless", Draft: source[0], Kind: "number", Lang: "en", Sources: source, Verdict: "pass"},
		{ID: "over", Draft: "See https://fees.test", Kind: "link", Lang: "en", Sources: source, Verdict: "pass"},
	})

	require.Equal(t, []string{"missed"}, report.Missed)
	require.Equal(t, []string{"over"}, report.OverBlocked)
	require.InDelta(t, 0.5, report.OverBlock, 1e-9)
	require.Equal(t, evals.GuardKind{Caught: 1, Named: 1, Total: 1}, report.Kinds["unsupported"])
	require.ErrorContains(t, evals.GuardRow{ID: "x", Draft: "y", Kind: "nonsense", Verdict: "block"}.Validate(), "nonsense")
}

// The development set of paraphrases stays judged as it was. It was tuned on: the frozen half of guard.jsonl is the measure.
func TestParaphrasesPassAndTheirWrongTwinsDoNot(t *testing.T) {
	t.Parallel()

	detector, err := lang.New()
	require.NoError(t, err)
	g, err := guard.New()
	require.NoError(t, err)
	g = g.WithDetector(func(text string) (string, float64) {
		guess := detector.Detect(text, lang.Hint{})
		return guess.Tag, guess.Certainty
	})
	content, err := os.ReadFile("suites/guard-dev.jsonl")
	require.NoError(t, err)
	var rows []evals.GuardRow
	for line := range strings.Lines(string(content)) {
		var row evals.GuardRow
		require.NoError(t, json.Unmarshal([]byte(line), &row))
		require.NoError(t, row.Validate())
		require.Equal(t, evals.HalfDev, row.Half(), row.ID)
		rows = append(rows, row)
	}

	report := evals.Guard(g, guard.NewRegistry(nil), rows)

	require.LessOrEqual(t, report.OverBlock, 0.03, report.OverBlocked)
	for name, kind := range report.Kinds {
		require.GreaterOrEqual(t, float64(kind.Caught)/float64(kind.Total), 0.95, "%s: %v", name, report.Missed)
	}
}
