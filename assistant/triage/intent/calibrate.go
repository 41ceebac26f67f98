package intent

import (
	"math"
	"slices"
)

// calibration turns scores into probabilities: the probability that the text is in scope at all, times the share of
// each intent among those in scope.
type calibration struct {
	// gate holds the weights of evidence for "in scope", the constant last.
	gate [evidenceSize]float64
	// person holds the weights of evidence for "needs a person", the constant last; zeros where no label does.
	person [evidenceSize]float64
	// scale is the inverse of softmax's temperature.
	scale float64
}

// evidenceSize is the number of evidence values. For "in scope": best score, its lead over the second, the score of the
// out-of-scope class, the share of the text that the model knows, and the constant. For "needs a person": by how much the
// labels of Options.Never outweigh the others at three temperatures, that share, and the constant.
const evidenceSize = 5

// judgement is what the calibration is fitted on: the scores of a text by a model that has not seen it.
type judgement struct {
	coverage float64
	// label is the index of the right class among the in-scope scores, or -1.
	label int
	// outside is the score of the out-of-scope class; 0 where there is none.
	outside float64
	scores  []float32
}

func (j judgement) evidence() [evidenceSize]float64 {
	best, second := math.Inf(-1), math.Inf(-1)
	for _, s := range j.scores {
		v := float64(s)
		if v > best {
			best, second = v, best
		} else if v > second {
			second = v
		}
	}
	return [evidenceSize]float64{best, best - second, j.outside, j.coverage, 1}
}

// probabilities overwrites out (one per in-scope class) and returns it.
func (c calibration) probabilities(j judgement, out []float64) []float64 {
	inScope := sigmoid(product(c.gate, j.evidence()))
	best := math.Inf(-1)
	for _, s := range j.scores {
		best = max(best, float64(s))
	}
	sum := 0.0
	for i, s := range j.scores {
		out[i] = math.Exp(c.scale * (float64(s) - best))
		sum += out[i]
	}
	for i := range out {
		out[i] *= inScope / sum
	}
	return out
}

// temperatures at which the labels that need a person are weighed against the others: at a low one all labels have a say,
// at a high one only the best of either side.
var temperatures = [...]float64{1, 2, 4}

// personEvidence weighs the labels of Options.Never against the others and against "none of these".
func (j judgement) personEvidence(never []bool) [evidenceSize]float64 {
	var x [evidenceSize]float64
	for i, temperature := range temperatures {
		person, others := 0.0, math.Exp(temperature*j.outside)
		for k, s := range j.scores {
			if v := math.Exp(temperature * float64(s)); never[k] {
				person += v
			} else {
				others += v
			}
		}
		x[i] = math.Log(person) - math.Log(others)
	}
	x[len(temperatures)], x[evidenceSize-1] = j.coverage, 1
	return x
}

func (c calibration) personProbability(j judgement, never []bool) float64 {
	if !slices.Contains(never, true) {
		return 0
	}
	return sigmoid(product(c.person, j.personEvidence(never)))
}

func fitCalibration(judgements []judgement, never []bool) calibration {
	c := calibration{scale: round(fitScale(judgements))}
	c.gate[evidenceSize-1] = openGate
	if slices.ContainsFunc(judgements, func(j judgement) bool { return j.label < 0 }) {
		c.gate = fitLogistic(judgements, judgement.evidence, func(j judgement) bool { return j.label >= 0 })
	}
	if slices.Contains(never, true) {
		c.person = fitLogistic(judgements,
			func(j judgement) [evidenceSize]float64 { return j.personEvidence(never) },
			func(j judgement) bool { return j.label >= 0 && never[j.label] })
	}
	return c
}

// round keeps four decimals: more mean nothing in a probability, and processors differ in the last bits of exp and log.
func round(v float64) float64 {
	return math.Round(v*1e4) / 1e4
}

// fitScale finds the temperature that makes the held-out labels most likely (Guo et al., "On Calibration of Modern
// Neural Networks", ICML 2017) by golden-section search over its logarithm.
func fitScale(judgements []judgement) float64 {
	loss := func(logScale float64) float64 {
		scale, sum := math.Exp(logScale), 0.0
		for _, j := range judgements {
			if j.label < 0 {
				continue
			}
			total := 0.0
			for _, s := range j.scores {
				total += math.Exp(scale * float64(s-j.scores[j.label]))
			}
			sum += math.Log(total)
		}
		return sum
	}
	low, high := math.Log(0.1), math.Log(50.0)
	for high-low > 1e-3 {
		third := (high - low) * (3 - math.Sqrt(5)) / 2
		if loss(low+third) < loss(high-third) {
			high -= third
		} else {
			low += third
		}
	}
	return math.Exp((low + high) / 2)
}

// fitLogistic is a logistic regression by Newton's method with a slight ridge.
func fitLogistic(
	judgements []judgement, evidence func(judgement) [evidenceSize]float64, positive func(judgement) bool,
) [evidenceSize]float64 {
	var weights [evidenceSize]float64
	for range newtonSteps {
		var gradient [evidenceSize]float64
		var hessian [evidenceSize][evidenceSize]float64
		for i := range gradient {
			gradient[i] = ridge * weights[i]
			hessian[i][i] = ridge
		}
		for _, j := range judgements {
			x := evidence(j)
			p := sigmoid(product(weights, x))
			difference := p
			if positive(j) {
				difference--
			}
			for a := range x {
				gradient[a] += difference * x[a]
				for b := range x {
					hessian[a][b] += p * (1 - p) * x[a] * x[b]
				}
			}
		}
		step := solveLinear(hessian, gradient)
		for i := range weights {
			weights[i] -= step[i]
		}
	}
	for i := range weights {
		weights[i] = round(weights[i])
	}
	return weights
}

const (
	newtonSteps = 25
	// openGate is the log-odds of "in scope" where the examples give no reason for doubt: 0.9999.
	openGate = 9.21
	ridge    = 1.0
)

// solveLinear solves a x = b for a symmetric positive definite a by Gaussian elimination.
func solveLinear(a [evidenceSize][evidenceSize]float64, b [evidenceSize]float64) [evidenceSize]float64 {
	for i := range b {
		for r := i + 1; r < evidenceSize; r++ {
			factor := a[r][i] / a[i][i]
			for c := i; c < evidenceSize; c++ {
				a[r][c] -= factor * a[i][c]
			}
			b[r] -= factor * b[i]
		}
	}
	for i := evidenceSize - 1; i >= 0; i-- {
		for c := i + 1; c < evidenceSize; c++ {
			b[i] -= a[i][c] * b[c]
		}
		b[i] /= a[i][i]
	}
	return b
}

func product(a, b [evidenceSize]float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func sigmoid(x float64) float64 {
	return 1 / (1 + math.Exp(-x))
}
