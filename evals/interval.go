package evals

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Intervals are two-sided at 95 %: tail is what lies beyond each end, deviate its point of the normal distribution. A bound alone is
// one-sided at 95 %: all of oneTail lies beyond it.
const (
	tail    = 0.025
	oneTail = 0.05
	deviate = 1.959963984540054
)

// Share is how many of a number of cases did something, with its 95 % interval. Without cases all is zero: N tells.
type Share struct {
	Cases int     `json:"cases,omitempty"` // when some were asked several times: how many there are; N counts the times
	Hits  int     `json:"hits"`
	Lower float64 `json:"lower"`
	N     int     `json:"n"`
	Rate  float64 `json:"rate"`
	Upper float64 `json:"upper"`
}

// NewShare is a share of independent cases with the score interval of Wilson.
func NewShare(hits, n int) Share { return newShare([]cluster{{hits: hits, n: n}}, wilson) }

// cluster counts the repeats of one case, which resemble each other.
type cluster struct{ hits, n int }

// interval returns the ends of a rate over a number of independent observations, which may be a fraction.
type interval func(rate, n float64) (lower, upper float64)

// newShare is the share over clusters; a single cluster is taken for independent cases. With repeats, the interval is that of the
// effective number of observations: the number over the design effect, which is estimated from how the clusters differ (Kish 1965,
// Survey Sampling; Korn and Graubard 1998, Confidence Intervals for Proportions with Small Expected Number of Positive Counts).
func newShare(clusters []cluster, ends interval) Share {
	var share Share
	for _, c := range clusters {
		share.Hits += c.hits
		share.N += c.n
	}
	if share.N == 0 {
		return Share{}
	}
	n := float64(share.N)
	share.Rate = float64(share.Hits) / n
	if len(clusters) > 1 && len(clusters) < share.N {
		share.Cases = len(clusters)
		n = effective(clusters, share)
	}
	share.Lower, share.Upper = ends(share.Rate, n)
	return share
}

// effective is the number of independent observations that tell as much as the clusters. Where all of them say the same, nothing tells
// how alike repeats are, and each cluster counts once.
func effective(clusters []cluster, share Share) float64 {
	count, n := float64(len(clusters)), float64(share.N)
	simple := share.Rate * (1 - share.Rate) / n
	if simple == 0 {
		return count
	}
	squares := 0.0
	for _, c := range clusters {
		distance := float64(c.hits) - share.Rate*float64(c.n)
		squares += distance * distance
	}
	clustered := count / (count - 1) * squares / (n * n)
	if clustered <= simple {
		return n // repeats that differ more than chance lets them do not make more of them
	}
	return n * simple / clustered
}

// wilson is the score interval of Wilson (1927, Probable Inference, the Law of Succession, and Statistical Inference), which keeps
// its promise near 0 and 1 (Brown, Cai and DasGupta 2001, Interval Estimation for a Binomial Proportion).
func wilson(rate, n float64) (lower, upper float64) {
	square := deviate * deviate
	middle := rate + square/(2*n)
	reach := deviate * math.Sqrt(rate*(1-rate)/n+square/(4*n*n))
	lower, upper = (middle-reach)/(1+square/n), (middle+reach)/(1+square/n)
	if rate == 0 {
		lower = 0 // without the rounding error
	}
	if rate == 1 {
		upper = 1
	}
	return lower, upper
}

// clopperPearson is the interval of Clopper and Pearson (1934, The Use of Confidence or Fiducial Limits Illustrated in the Case of the
// Binomial). It never promises more than it keeps: right where a miss does harm.
func clopperPearson(rate, n float64) (lower, upper float64) {
	hits := rate * n
	return exactBelow(hits, n, tail), 1 - exactBelow(n-hits, n, tail)
}

// exactLower is the exact one-sided 95 % lower bound of a rate of which hits of n came true.
func exactLower(hits, n int) float64 { return exactBelow(float64(hits), float64(n), oneTail) }

// exactBelow is the rate at which so many hits or more would come with the probability beyond: the lower end of Clopper and Pearson.
// Its upper end is that of the misses.
func exactBelow(hits, n, beyond float64) float64 {
	if hits <= 0 {
		return 0
	}
	return mathext.InvRegIncBeta(hits, n-hits+1, beyond)
}

// String is the share for a person who reads a table.
func (s Share) String() string {
	if s.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f] %d/%d", s.Rate, s.Lower, s.Upper, s.Hits, s.N)
}
