package confidence_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/confidence"
)

func TestDefault(t *testing.T) {
	t.Parallel()

	model, err := confidence.Default()
	require.NoError(t, err)

	strong := confidence.Evidence{
		AgreeingRanks: true, BM25: 20, Coverage: 0.9, GuardPassed: true, IntentMatch: true, Margin: 3,
		Similarity: 0.8, TriageCertainty: 0.9,
	}
	weak := confidence.Evidence{Coverage: 0.1, GuardPassed: true, Similarity: 0.1}
	require.Greater(t, model.Probability(strong), model.Probability(weak))
	require.Less(t, model.Probability(weak), 0.5)

	t.Run("WhatTheGuardStopsIsNeverRight", func(t *testing.T) {
		t.Parallel()

		stopped := strong
		stopped.GuardPassed = false
		require.Zero(t, model.Probability(stopped))
	})
}

func TestFit(t *testing.T) {
	t.Parallel()

	// Answers are right with the probability that a known model gives them: a fit on enough of them finds it again.
	truth := confidence.Model{Intercept: -2, Weights: map[string]float64{"coverage": 4, "intent_match": 1}}
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() confidence.Evidence {
		return confidence.Evidence{Coverage: random.Float64(), GuardPassed: true, IntentMatch: random.IntN(2) == 0, Similarity: random.Float64()}
	}
	cases := make([]confidence.Labelled, 20_000)
	for i := range cases {
		evidence := draw()
		cases[i] = confidence.Labelled{Correct: random.Float64() < truth.Probability(evidence), Evidence: evidence}
	}

	model, err := confidence.Fit(cases, "test")
	require.NoError(t, err)
	require.Equal(t, len(cases), model.Cases)
	for range 100 {
		evidence := draw()
		require.InDelta(t, truth.Probability(evidence), model.Probability(evidence), 0.03)
	}

	t.Run("NeedsCasesOfBothKinds", func(t *testing.T) {
		t.Parallel()

		_, err := confidence.Fit([]confidence.Labelled{{Correct: true}, {Correct: true}}, "test")
		require.Error(t, err)
	})
}
