package intent

import (
	"math"
)

// calibration turns scores into probabilities: the probability that the text is in scope at all, times the share of
// each intent among those in scope.
type calibration struct {
	// gate holds the weights of evidence for "in scope", the constant last.
	gate [gateSize]float64
	// scale is the inverse of softmax's temperature.
	scale float64
}

// gateSize is the number of evidence values: best score, its lead over the second, the score of the out-of-scope
// class, the share of the text that the model knows, and the constant.
const gateSize = 5

// judgement is what the calibration is fitted on: the scores of a text by a model that has not seen it.
type judgement struct {
	coverage float64
	// label is the index of the right class among the in-scope scores, or -1.
	label int
	// outside is the score of the out-of-scope class; 0 where there is none.
	outside float64
	scores  []float32
}

func (j judgement) evidence() [gateSize]float64 {
	best, second := math.Inf(-1), math.Inf(-1)
	for _, s := range j.scores {
		v := float64(s)
		if v > best {
			best, second = v, best
		} else if v > second {
			second = v
		}
	}
	return [gateSize]float64{best, best - second, j.outside, j.coverage, 1}
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

func fitCalibration(judgements []judgement) calibration {
	c := calibration{gate: fitGate(judgements), scale: round(fitScale(judgements))}
	for i := range c.gate {
		c.gate[i] = round(c.gate[i])
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

// fitGate is a logistic regression by Newton's method with a slight ridge. With no example out of scope the gate is open.
func fitGate(judgements []judgement) [gateSize]float64 {
	var weights [gateSize]float64
	outside := 0
	for _, j := range judgements {
		if j.label < 0 {
			outside++
		}
	}
	if outside == 0 {
		weights[gateSize-1] = openGate
		return weights
	}
	for range newtonSteps {
		step := newtonStep(judgements, weights)
		for i := range weights {
			weights[i] -= step[i]
		}
	}
	return weights
}

// newtonStep is the inverse of the loss's Hessian times its gradient.
func newtonStep(judgements []judgement, weights [gateSize]float64) [gateSize]float64 {
	var gradient [gateSize]float64
	var hessian [gateSize][gateSize]float64
	for i := range gradient {
		gradient[i] = ridge * weights[i]
		hessian[i][i] = ridge
	}
	for _, j := range judgements {
		x := j.evidence()
		p := sigmoid(product(weights, x))
		target := 1.0
		if j.label < 0 {
			target = 0
		}
		for a := range x {
			gradient[a] += (p - target) * x[a]
			for b := range x {
				hessian[a][b] += p * (1 - p) * x[a] * x[b]
			}
		}
	}
	return solveLinear(hessian, gradient)
}

const (
	newtonSteps = 25
	// openGate is the log-odds of "in scope" where the examples give no reason for doubt: 0.9999.
	openGate = 9.21
	ridge    = 1.0
)

// solveLinear solves a x = b for a symmetric positive definite a by Gaussian elimination.
func solveLinear(a [gateSize][gateSize]float64, b [gateSize]float64) [gateSize]float64 {
	for i := range b {
		for r := i + 1; r < gateSize; r++ {
			factor := a[r][i] / a[i][i]
			for c := i; c < gateSize; c++ {
				a[r][c] -= factor * a[i][c]
			}
			b[r] -= factor * b[i]
		}
	}
	for i := gateSize - 1; i >= 0; i-- {
		for c := i + 1; c < gateSize; c++ {
			b[i] -= a[i][c] * b[c]
		}
		b[i] /= a[i][i]
	}
	return b
}

func product(a, b [gateSize]float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func sigmoid(x float64) float64 {
	return 1 / (1 + math.Exp(-x))
}
