package evals

import (
	"cmp"
	"math"
	"slices"

	"github.com/deskhand/deskhand/assistant/confidence"
)

// Operating is what a threshold would have done, on cross-validated probabilities.
type Operating struct {
	Coverage  Share   `json:"coverage"`  // of all cases, those that are answered
	Precision Share   `json:"precision"` // of the answered, those that are right
	Threshold float64 `json:"threshold"`
}

// Target is what a wanted precision costs in coverage.
type Target struct {
	Operating

	Lower  float64 `json:"precision_lower_bound"` // one-sided, 95 %, exact
	Needed int     `json:"needed_without_a_mistake"`
	Proven bool    `json:"proven"` // the lower bound reaches the target
	Wanted float64 `json:"target"`
}

// Bin is a tenth of the probabilities, with how many of its cases came true.
type Bin struct {
	From     float64 `json:"from"`
	Promised float64 `json:"promised"` // mean probability
	Kept     Share   `json:"kept"`
	To       float64 `json:"to"`
}

// targets are the precisions that a policy can name; it takes the next higher one.
func targets() []float64 { return []float64{0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99} }

// bySureness returns the probabilities, the highest first.
func bySureness(scored []confidence.Scored) []judged {
	predictions := make([]judged, len(scored))
	for i, s := range scored {
		predictions[i] = judged{probability: s.Probability, right: s.Correct}
	}
	slices.SortStableFunc(predictions, func(a, b judged) int { return cmp.Compare(b.probability, a.probability) })
	return predictions
}

// widest returns the lowest threshold whose answers are accepted, by how many of them are right.
func widest(predictions []judged, accept func(right, answered int) bool) (Operating, bool) {
	var best Operating
	found := false
	right := 0
	for i, p := range predictions {
		if p.right {
			right++
		}
		answered := i + 1
		if answered < len(predictions) && predictions[answered].probability == p.probability {
			continue // a threshold takes all of equal probability
		}
		if accept(right, answered) {
			best = Operating{
				Coverage: NewShare(answered, len(predictions)), Precision: NewShare(right, answered), Threshold: p.probability,
			}
			found = true
		}
	}
	return best, found
}

// points returns for each target the least threshold at which the lower bound of the precision reaches it. The threshold is chosen
// on the cases that it is measured on, so the bound flatters a little. A target that the cases are too few to prove has none.
func points(predictions []judged) []confidence.Point {
	var found []confidence.Point
	for _, target := range targets() {
		best, ok := widest(predictions, func(right, answered int) bool { return exactLower(right, answered) >= target })
		if ok {
			found = append(found, confidence.Point{
				Coverage: best.Coverage.Rate, LowerBound: exactLower(best.Precision.Hits, best.Precision.N), Precision: best.Precision.Rate,
				Target: target, Threshold: best.Threshold,
			})
		}
	}
	return found
}

// at returns what a precision costs: proven where the cases are enough, else as it was measured.
func at(predictions []judged, wanted float64) Target {
	target := Target{Needed: neededFor(wanted), Wanted: wanted}
	target.Operating, target.Proven = widest(predictions, func(right, answered int) bool { return exactLower(right, answered) >= wanted })
	if !target.Proven {
		target.Operating, _ = widest(predictions, func(right, answered int) bool {
			return float64(right) >= wanted*float64(answered)
		})
	}
	target.Lower = exactLower(target.Precision.Hits, target.Precision.N)
	return target
}

// neededFor is how many answers without a mistake prove a precision with 95 % certainty.
func neededFor(precision float64) int {
	if precision >= 1 {
		return math.MaxInt32 // no number does
	}
	return int(math.Ceil(math.Log(0.05) / math.Log(precision)))
}

// ladder is what thresholds from 0.30 to 0.95 would have done.
func ladder(predictions []judged) []Operating {
	var rungs []Operating
	for percent := 30; percent <= 95; percent += 5 {
		threshold := float64(percent) / 100
		right, answered := 0, 0
		for _, p := range predictions {
			if p.probability < threshold {
				break
			}
			answered++
			if p.right {
				right++
			}
		}
		rungs = append(rungs, Operating{
			Coverage: NewShare(answered, len(predictions)), Precision: NewShare(right, answered), Threshold: threshold,
		})
	}
	return rungs
}

// bins are those of the expected calibration error that hold a case.
func bins(predictions []judged) []Bin {
	var sums [calibrationBins]struct {
		n, right int
		promised float64
	}
	for _, p := range predictions {
		sum := &sums[binOf(p.probability)]
		sum.n++
		sum.promised += p.probability
		if p.right {
			sum.right++
		}
	}
	var filled []Bin
	for i, sum := range sums {
		if sum.n > 0 {
			filled = append(filled, Bin{
				From: float64(i) / calibrationBins, Kept: NewShare(sum.right, sum.n), Promised: sum.promised / float64(sum.n),
				To: float64(i+1) / calibrationBins,
			})
		}
	}
	return filled
}
