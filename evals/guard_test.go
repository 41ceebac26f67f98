package evals_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
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
