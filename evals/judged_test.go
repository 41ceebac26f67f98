package evals_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/evals"
)

// source is long enough that its language shows.
const source = "Maker orders cost 0.1 % of what they buy, and the fee is taken when the order is filled."

// lenient is a judge that finds everything supported but what has a mark, and has no opinion of one text.
type lenient struct{}

func (lenient) Name() string { return "lenient" }

func (lenient) Complete(_ context.Context, request llm.Request) (llm.Response, error) {
	switch {
	case !strings.Contains(request.User, "<passage>\n\n"+source+"\n</passage>"):
		return llm.Response{}, llm.ErrRejected
	case strings.Contains(request.User, "mute"):
		return llm.Response{}, llm.ErrRefused
	case strings.Contains(request.User, "7 %"):
		return llm.Response{Text: `{"why":"the number","score":0.2}`}, nil
	}
	return llm.Response{Text: `{"why":"it says so","score":0.9}`}, nil
}

func TestJudgeIsHeldAgainstPeople(t *testing.T) {
	t.Parallel()

	row := func(id, draft, verdict, kind string) evals.GuardRow {
		return evals.GuardRow{ID: id, Draft: draft, Kind: kind, Lang: "en", Sources: []string{source}, Verdict: verdict}
	}
	rows := evals.Grounded([]evals.GuardRow{
		row("true", "Maker orders cost 0.1 %.", "pass", "plain"),
		row("again", "The fee of maker orders is 0.1 %.", "pass", "paraphrase"),
		row("number", "Maker orders cost 7 %.", "block", "number"),
		row("gold", "Gold bars are shipped to your home by courier.", "block", "unsupported"),
		row("mute", "Maker orders are mute.", "block", "unsupported"),
		row("link", "Maker orders cost 0.1 %, see https://quayside-fees.example", "block", "link"),
	})
	require.Len(t, rows, 5, "a text with another fault may be well supported")

	g, err := guard.New()
	require.NoError(t, err)
	var done atomic.Int64
	run := evals.JudgeRun{Guard: g, Judge: evals.Judge{Model: lenient{}}, Parallel: 2, Progress: func() { done.Add(1) }}
	report, err := run.Measure(t.Context(), rows)
	require.NoError(t, err)
	require.EqualValues(t, len(rows), done.Load())
	require.Equal(t, "lenient", report.Model)
	require.Equal(t, []string{"gold"}, report.Disagreed)
	require.Equal(t, []string{"mute"}, report.Failed)
	require.Equal(t, 4, report.Judge.Pairs)
	require.InDelta(t, 0.5, report.Judge.Value, 1e-9, "3 of 4 agree, of which 2 by chance")
	require.InDelta(t, 1, report.Guard.Value, 1e-9)

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = run.Measure(stopped, rows)
	require.ErrorIs(t, err, context.Canceled)
}
