package evals_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
)

func TestShadowReport(t *testing.T) {
	t.Parallel()
	const answered, handed, clarify = assistant.OutcomeAnswered, assistant.OutcomeHandedOff, assistant.OutcomeClarify
	many := func(n int, s evals.Shadowed) []evals.Shadowed {
		var all []evals.Shadowed
		for range n {
			all = append(all, s)
		}
		return all
	}

	t.Run("PairsAreCountedAndTestedExactly", func(t *testing.T) {
		t.Parallel()
		all := many(20, evals.Shadowed{Desk: answered, Candidate: answered, CostUSD: 0.01, PromptTokens: 100, Millis: 5})
		all = append(all, many(9, evals.Shadowed{Desk: handed, Candidate: answered, Millis: 5})...)
		all = append(all, many(1, evals.Shadowed{Desk: answered, Candidate: handed, Label: evals.WrongAnswer, Millis: 5})...)
		all = append(all, many(1, evals.Shadowed{Desk: clarify, Millis: 5})...)
		r := evals.NewShadowReport("bold", all)
		require.Equal(t, []int{31, 20, 29, 21, 9, 1, 1}, []int{
			r.Questions, r.Agreement.Hits, r.Answered.Hits, r.AnsweredByDesk.Hits, r.Gained, r.Lost, r.Failed,
		})
		require.InDelta(t, 2*(1+10)/1024.0, r.P, 1e-12, "two tails of ten tosses with at most one head")
		require.Equal(t, evals.AnswersMore, r.Verdict)
		require.Equal(t, map[assistant.Outcome]int{answered: 20, handed: 1}, r.Table[answered])
		require.Equal(t, map[assistant.Outcome]int{handed: 1}, r.Labelled[evals.WrongAnswer])
		require.InDelta(t, 0.2, r.CostUSD, 1e-9)
		require.Equal(t, []int{2000, 5}, []int{r.PromptTokens, r.MedianMillis})
	})

	t.Run("FewDifferencesAreNoEvidence", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "no evidence", evals.NewShadowReport("x", many(5, evals.Shadowed{Desk: handed, Candidate: answered})).Verdict)
		require.Equal(t, evals.AnswersLess, evals.NewShadowReport("x", many(6, evals.Shadowed{Desk: answered, Candidate: handed})).Verdict)
		require.Equal(t, "no evidence", evals.NewShadowReport("x", nil).Verdict)
	})
}
