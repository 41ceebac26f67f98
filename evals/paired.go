package evals

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// pairedResamples of a bootstrap of pairs: the usual number for the ends of a 95 % interval (Efron and Tibshirani 1993, An Introduction to
// the Bootstrap, section 14.3, asks for 1,000 at least).
const pairedResamples = 10_000

// level at which a difference is evidence.
const level = 0.05

// Verdict says what a comparison shows.
type Verdict string

// The verdicts.
const (
	Better     Verdict = "better"
	NoEvidence Verdict = "no evidence"
	Worse      Verdict = "worse"
)

// pair is one case in two runs.
type pair struct{ before, after Result }

// counted is what a pair adds to a figure before and after.
type counted struct{ hitsAfter, hitsBefore, nAfter, nBefore int }

func (c counted) plus(other counted) counted {
	return counted{
		hitsAfter: c.hitsAfter + other.hitsAfter, hitsBefore: c.hitsBefore + other.hitsBefore,
		nAfter: c.nAfter + other.nAfter, nBefore: c.nBefore + other.nBefore,
	}
}

// difference is the rate after less the rate before; ok is false when one of them has no cases.
func (c counted) difference() (value float64, ok bool) {
	if c.nAfter == 0 || c.nBefore == 0 {
		return 0, false
	}
	return float64(c.hitsAfter)/float64(c.nAfter) - float64(c.hitsBefore)/float64(c.nBefore), true
}

// count returns what each case that the figure is about, before or after, adds to it. The repeats of a case are added up: what is drawn
// again by the bootstrap is cases, because repeats of one resemble each other (Field and Welsh 2007, Bootstrapping Clustered Data).
func (f Figure) count(pairs []pair) []counted {
	var all []counted
	places := make(map[string]int)
	for _, p := range pairs {
		var c counted
		if f.About(p.before) {
			c.nBefore = 1
			if f.Hit(p.before) {
				c.hitsBefore = 1
			}
		}
		if f.About(p.after) {
			c.nAfter = 1
			if f.Hit(p.after) {
				c.hitsAfter = 1
			}
		}
		at, ok := places[p.after.Case.ID]
		switch {
		case c.nBefore+c.nAfter == 0:
		case ok:
			all[at] = all[at].plus(c)
		default:
			places[p.after.Case.ID] = len(all)
			all = append(all, c)
		}
	}
	return all
}

// bootstrap is the 95 % percentile interval of the difference when whole pairs are drawn again (Efron and Tibshirani 1993,
// section 13.3). It always draws the same: the same two runs get the same verdict.
func bootstrap(all []counted) (lower, upper float64) {
	if !slices.ContainsFunc(all, func(c counted) bool { return c.nAfter != c.nBefore || c.hitsAfter != c.hitsBefore }) {
		return 0, 0 // whatever is drawn differs by nothing
	}
	random := rand.New(rand.NewPCG(pairedResamples, uint64(len(all)))) //nolint:gosec // statistics, not secrets; repeatable on purpose
	differences := make([]float64, 0, pairedResamples)
	for range pairedResamples {
		var sum counted
		for range all {
			sum = sum.plus(all[random.IntN(len(all))])
		}
		if difference, ok := sum.difference(); ok {
			differences = append(differences, difference)
		}
	}
	if len(differences) == 0 {
		return -1, 1
	}
	slices.Sort(differences)
	return quantile(tail, differences), quantile(1-tail, differences)
}

// mcNemar is the exact two-sided p-value of lost and won, the pairs that hit only before and only after (McNemar 1947, Note
// on the Sampling Error of the Difference Between Correlated Proportions; exact as in Fagerland, Lydersen and Laake 2013).
func mcNemar(lost, won int) float64 {
	if lost+won == 0 {
		return 1
	}
	fewer, more := float64(min(lost, won)), float64(max(lost, won))
	return min(1, 2*mathext.RegIncBeta(more, fewer+1, 0.5)) // the binomial distribution up to fewer
}

// sharedP is mcNemar's p-value over the cases that count before and after. A case that was asked several times is lost when its rate fell.
func sharedP(all []counted) float64 {
	lost, won := 0, 0
	for _, c := range all {
		if c.nBefore == 0 || c.nAfter == 0 {
			continue
		}
		switch before, after := c.hitsBefore*c.nAfter, c.hitsAfter*c.nBefore; {
		case after < before:
			lost++
		case after > before:
			won++
		}
	}
	return mcNemar(lost, won)
}

// holm adjusts p-values for their number, so that one false alarm among all of them has the level's chance (Holm 1979, A
// Simple Sequentially Rejective Multiple Test Procedure).
func holm(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	adjusted := make([]float64, len(values))
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, values[i]*float64(len(values)-rank)))
		adjusted[i] = highest
	}
	return adjusted
}
