package evals

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Intervals are two-sided at 95 %: tail is what lies beyond each end, deviate its point of the normal distribution.
const (
	tail    = 0.025
	deviate = 1.959963984540054
)

// Share is how many of a number of cases did something, with its 95 % interval. Without cases all is zero: N tells.
type Share struct {
	Hits  int     `json:"hits"`
	Lower float64 `json:"lower"`
	N     int     `json:"n"`
	Rate  float64 `json:"rate"`
	Upper float64 `json:"upper"`
}

// newWilson is a share with the score interval of Wilson (1927, Probable Inference, the Law of Succession, and Statistical
// Inference), which keeps its promise near 0 and 1 (Brown, Cai and DasGupta 2001, Interval Estimation for a Binomial
// Proportion).
func newWilson(hits, n int) Share {
	if n == 0 {
		return Share{}
	}
	total, rate := float64(n), float64(hits)/float64(n)
	square := deviate * deviate
	middle := rate + square/(2*total)
	reach := deviate * math.Sqrt(rate*(1-rate)/total+square/(4*total*total))
	share := Share{Hits: hits, N: n, Rate: rate, Lower: (middle - reach) / (1 + square/total), Upper: (middle + reach) / (1 + square/total)}
	if hits == 0 {
		share.Lower = 0 // without the rounding error
	}
	if hits == n {
		share.Upper = 1
	}
	return share
}

// newExact is a share with the interval of Clopper and Pearson (1934, The Use of Confidence or Fiducial Limits Illustrated
// in the Case of the Binomial). It never promises more than it keeps: right where a miss does harm.
func newExact(hits, n int) Share {
	if n == 0 {
		return Share{}
	}
	share := Share{Hits: hits, N: n, Rate: float64(hits) / float64(n), Upper: 1}
	if hits > 0 {
		share.Lower = distuv.Beta{Alpha: float64(hits), Beta: float64(n-hits) + 1}.Quantile(tail)
	}
	if hits < n {
		share.Upper = distuv.Beta{Alpha: float64(hits) + 1, Beta: float64(n - hits)}.Quantile(1 - tail)
	}
	return share
}

// String is the share for a person who reads a table.
func (s Share) String() string {
	if s.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f] %d/%d", s.Rate, s.Lower, s.Upper, s.Hits, s.N)
}
