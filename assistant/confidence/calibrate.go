package confidence

import (
	"cmp"
	"math"
	"slices"
)

// isotonicFrom is the number of cases from which on probabilities are corrected by a step function. Below, two parameters are
// all that the cases can tell (Niculescu-Mizil and Caruana 2005, Predicting Good Probabilities with Supervised Learning).
const isotonicFrom = 1000

// Knot is a point of a monotone curve from the probability of the logistic model to the one that came true.
type Knot struct {
	Raw  float64 `json:"raw"`
	True float64 `json:"true"`
}

// Scored is the probability that a case got from a model that had not seen it, and the truth.
type Scored struct {
	Correct     bool
	Probability float64
}

// Calibrated returns m with its probabilities corrected by what came true. With few cases its weights are scaled (Platt 1999,
// Probabilistic Outputs for Support Vector Machines); with many it gets a curve (isotonic regression by pooling adjacent
// violators: Zadrozny and Elkan 2002, Transforming Classifier Scores into Accurate Multiclass Probability Estimates).
func (m Model) Calibrated(scores []Scored) Model {
	if len(scores) >= isotonicFrom {
		m.Curve = isotonic(scores)
		return m
	}
	slope, shift := platt(scores)
	if slope <= 0 {
		return m // the scores say nothing: turned round they would say less
	}
	weights := make(map[string]float64, len(m.Weights))
	for name, weight := range m.Weights {
		weights[name] = slope * weight
	}
	m.Intercept, m.Weights = slope*m.Intercept+shift, weights
	return m
}

// platt returns slope and shift of the logit that make the scores most likely, with the targets that Platt proposes: they keep
// the slope finite when the scores separate the cases.
func platt(scores []Scored) (slope, shift float64) {
	right := 0.0
	for _, s := range scores {
		if s.Correct {
			right++
		}
	}
	wrong := float64(len(scores)) - right
	slope = 1
	for range iterations {
		gradient := make([]float64, 2)
		hessian := [][]float64{{0, 0}, {0, 0}}
		for _, s := range scores {
			x := []float64{logit(s.Probability), 1}
			target := 1 / (wrong + 2)
			if s.Correct {
				target = (right + 1) / (right + 2)
			}
			p := sigmoid(slope*x[0] + shift)
			for i := range x {
				gradient[i] += (target - p) * x[i]
				for j := range x {
					hessian[i][j] += p * (1 - p) * x[i] * x[j]
				}
			}
		}
		step, err := solve(hessian, gradient)
		if err != nil {
			return 1, 0 // all scores are one: nothing can be corrected
		}
		slope += step[0]
		shift += step[1]
		if math.Abs(step[0])+math.Abs(step[1]) < converged {
			break
		}
	}
	return slope, shift
}

// isotonic returns the monotone curve of least squares through the scores, one knot a block.
func isotonic(scores []Scored) []Knot {
	sorted := slices.Clone(scores)
	slices.SortStableFunc(sorted, func(a, b Scored) int { return cmp.Compare(a.Probability, b.Probability) })
	type block struct{ n, raw, right float64 }
	var blocks []block
	for _, s := range sorted {
		blocks = append(blocks, block{n: 1, raw: s.Probability, right: indicator(s.Correct)})
		for len(blocks) > 1 {
			last, before := blocks[len(blocks)-1], blocks[len(blocks)-2]
			if before.right*last.n < last.right*before.n {
				break
			}
			blocks = append(blocks[:len(blocks)-2], block{before.n + last.n, before.raw + last.raw, before.right + last.right})
		}
	}
	knots := make([]Knot, len(blocks))
	for i, b := range blocks {
		// As if one case more had been right and one wrong: a block in which all were right proves no certainty.
		knots[i] = Knot{Raw: b.raw / b.n, True: (b.right + 1) / (b.n + 2)}
		if i > 0 {
			knots[i].True = max(knots[i].True, knots[i-1].True)
		}
	}
	return knots
}

// along returns what came true at a raw probability, between two knots in proportion.
func along(curve []Knot, raw float64) float64 {
	i, _ := slices.BinarySearchFunc(curve, raw, func(k Knot, raw float64) int { return cmp.Compare(k.Raw, raw) })
	switch {
	case i == 0:
		return curve[0].True
	case i == len(curve):
		return curve[i-1].True
	}
	before, next := curve[i-1], curve[i]
	return before.True + (next.True-before.True)*(raw-before.Raw)/(next.Raw-before.Raw)
}

// logit is the inverse of sigmoid, finite at 0 and 1.
func logit(p float64) float64 {
	const least = 1e-9
	p = min(max(p, least), 1-least)
	return math.Log(p / (1 - p))
}
