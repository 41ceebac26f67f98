package evals_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
)

// opinions are pairs of labels, each so many times.
func opinions(counts map[evals.Opinions]int) []evals.Opinions {
	var pairs []evals.Opinions
	for pair, n := range counts {
		for range n {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	right, needless := evals.RightHandOff, evals.NeedlessHandOff

	t.Run("KappaAndItsIntervalAreThoseOfTheTextbook", func(t *testing.T) {
		t.Parallel()

		// Both say yes 20 times, both no 15 times, of 50: kappa is (0.7 - 0.5) / 0.5. The standard error is, by hand from the
		// formula of Fleiss, Cohen and Everitt, the root of (0.2116 - 0.01) / (50 * 0.25).
		a := evals.Agree(opinions(map[evals.Opinions]int{
			{right, right}: 20, {right, needless}: 5, {needless, right}: 10, {needless, needless}: 15,
		}))
		require.InDelta(t, 0.4, a.HandOffs.Value, 1e-9)
		require.InDelta(t, 0.7, a.HandOffs.Observed, 1e-9)
		require.InDelta(t, 0.5, a.HandOffs.Expected, 1e-9)
		require.InDelta(t, 0.4-1.96*0.1270, a.HandOffs.Lower, 0.001)
		require.InDelta(t, 0.4+1.96*0.1270, a.HandOffs.Upper, 0.001)
		require.Equal(t, a.HandOffs, a.Labels[right], "with two labels each is the other's rest")
	})

	t.Run("WhatBothSeeDoesNotCountAsAgreementOnALabel", func(t *testing.T) {
		t.Parallel()

		a := evals.Agree(opinions(map[evals.Opinions]int{
			{right, right}: 25, {right, needless}: 25, {needless, right}: 25, {needless, needless}: 25,
			{evals.CorrectAnswer, evals.CorrectAnswer}: 25, {evals.CorrectAnswer, evals.WrongAnswer}: 25,
			{evals.WrongAnswer, evals.CorrectAnswer}: 25, {evals.WrongAnswer, evals.WrongAnswer}: 25,
		}))
		require.Positive(t, a.All.Value, "that a question was handed over is seen by both")
		require.InDelta(t, 0, a.HandOffs.Value, 1e-9, "they only guess")
		require.InDelta(t, 0, a.Replies.Value, 1e-9)
		require.InDelta(t, 0, a.Labels[evals.WrongAnswer].Value, 1e-9)
	})

	t.Run("WithoutTwoLabelsOrPairsThereIsNoKappa", func(t *testing.T) {
		t.Parallel()

		a := evals.Agree(opinions(map[evals.Opinions]int{{right, right}: 3}))
		require.False(t, a.HandOffs.Defined)
		require.Equal(t, "- 3/3 agree", a.HandOffs.String())
		require.False(t, a.Replies.Defined)
		require.Zero(t, a.Replies.Pairs)
	})
}
