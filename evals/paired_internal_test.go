package evals

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// flips are n pairs of which the first lost went from hit to miss and the next won the other way.
func flips(n, lost, won int) []counted {
	all := make([]counted, n)
	for i := range all {
		all[i] = counted{nAfter: 1, nBefore: 1}
		switch {
		case i < lost:
			all[i].hitsBefore = 1
		case i < lost+won:
			all[i].hitsAfter = 1
		}
	}
	return all
}

// Drawn again, the number of pairs that got worse is binomial: its quantiles are the ends.
func TestBootstrapAgreesWithTheBinomial(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		all          []counted
		lower, upper float64
	}{
		"NothingChanged":       {flips(10, 0, 0), 0, 0},
		"AllLost":              {flips(10, 10, 0), -1, -1},
		"HalfLost":             {flips(10, 5, 0), -0.8, -0.2}, // P(X <= 1) = 0.011, P(X <= 2) = 0.055
		"HalfWon":              {flips(10, 0, 5), 0.2, 0.8},
		"OneOfAThousandIsLost": {flips(1000, 1, 0), -0.003, 0}, // Poisson with mean 1: P(X <= 3) = 0.981
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			lower, upper := bootstrap(test.all)
			require.InDelta(t, test.lower, lower, 1e-9)
			require.InDelta(t, test.upper, upper, 1e-9)
			again, _ := bootstrap(test.all)
			require.InDelta(t, lower, again, 0, "the same runs get the same interval")
		})
	}
}

func TestBootstrapOfARateWhoseCasesChange(t *testing.T) {
	t.Parallel()

	// Answered before and not after: there is no rate after, and nothing may be claimed.
	lower, upper := bootstrap([]counted{{nBefore: 1, hitsBefore: 1}})
	require.InDelta(t, -1, lower, 0)
	require.InDelta(t, 1, upper, 0)
}

func TestMcNemarIsTheExactBinomialTest(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		lost, won int
		want      float64
	}{{0, 0, 1}, {1, 1, 1}, {1, 0, 1}, {6, 1, 0.125}, {1, 6, 0.125}, {10, 0, 2.0 / 1024}} {
		require.InDelta(t, test.want, mcNemar(test.lost, test.won), 1e-12)
	}
}

func TestHolmAdjustsFromTheSmallest(t *testing.T) {
	t.Parallel()

	require.InDeltaSlice(t, []float64{0.03, 0.06, 0.06, 0.02}, holm([]float64{0.01, 0.04, 0.03, 0.005}), 1e-12)
	require.InDeltaSlice(t, []float64{1, 1}, holm([]float64{0.9, 0.8}), 0, "no probability is above 1")
	require.Empty(t, holm(nil))
}
