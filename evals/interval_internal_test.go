package evals

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// newExact is a share of independent cases with the exact interval.
func newExact(hits, n int) Share { return newShare([]cluster{{hits: hits, n: n}}, clopperPearson) }

// The intervals that Newcombe prints (1998, Two-sided Confidence Intervals for the Single Proportion, table I: methods 3
// and 5).
func TestIntervalsAreThoseOfThePublishedTable(t *testing.T) {
	t.Parallel()

	tests := []struct {
		hits, n       int
		wilson, exact [2]float64
	}{
		{81, 263, [2]float64{0.2553, 0.3662}, [2]float64{0.2527, 0.3676}},
		{15, 148, [2]float64{0.0624, 0.1605}, [2]float64{0.0578, 0.1617}},
		{0, 20, [2]float64{0, 0.1611}, [2]float64{0, 0.1684}},
		{1, 29, [2]float64{0.0061, 0.1718}, [2]float64{0.0009, 0.1776}},
	}
	for _, test := range tests {
		wilson, exact := NewShare(test.hits, test.n), newExact(test.hits, test.n)
		require.InDelta(t, test.wilson[0], wilson.Lower, 5e-5)
		require.InDelta(t, test.wilson[1], wilson.Upper, 5e-5)
		require.InDelta(t, test.exact[0], exact.Lower, 5e-5)
		require.InDelta(t, test.exact[1], exact.Upper, 5e-5)
	}
}

func TestIntervalsHoldAtTheirEnds(t *testing.T) {
	t.Parallel()

	for _, share := range []Share{NewShare(0, 0), newExact(0, 0)} {
		require.Equal(t, Share{}, share, "no cases, no claim, no division by zero")
		require.Equal(t, "-", share.String())
	}
	for _, share := range []Share{NewShare(20, 20), newExact(20, 20)} {
		require.InDelta(t, 1, share.Upper, 0)
		require.Less(t, share.Lower, 0.85)
	}
	require.Equal(t, "0.500 [0.095, 0.905] 1/2", NewShare(1, 2).String())
}
