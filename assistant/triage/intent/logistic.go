package intent

import "math"

// outcome is an observation of a logistic regression.
type outcome struct {
	evidence []float64
	happened bool
}

const (
	newtonSteps = 25
	ridge       = 1.0
)

// fitLogistic is a logistic regression by Newton's method with a slight ridge. It returns a weight for each value of
// evidence, of which all outcomes have the same number.
func fitLogistic(outcomes []outcome) []float64 {
	size := len(outcomes[0].evidence)
	weights := make([]float64, size)
	gradient := make([]float64, size)
	hessian := make([][]float64, size)
	for range newtonSteps {
		for i := range hessian {
			gradient[i] = ridge * weights[i]
			hessian[i] = make([]float64, size)
			hessian[i][i] = ridge
		}
		for _, o := range outcomes {
			p := sigmoid(product(weights, o.evidence))
			difference := p
			if o.happened {
				difference--
			}
			for a, v := range o.evidence {
				gradient[a] += difference * v
				for b, w := range o.evidence {
					hessian[a][b] += p * (1 - p) * v * w
				}
			}
		}
		for i, step := range solveLinear(hessian, gradient) {
			weights[i] -= step
		}
	}
	for i := range weights {
		weights[i] = round(weights[i])
	}
	return weights
}

// solveLinear solves a x = b for a symmetric positive definite a by Gaussian elimination, which overwrites both.
func solveLinear(a [][]float64, b []float64) []float64 {
	for i := range b {
		for r := i + 1; r < len(b); r++ {
			factor := a[r][i] / a[i][i]
			for c := i; c < len(b); c++ {
				a[r][c] -= factor * a[i][c]
			}
			b[r] -= factor * b[i]
		}
	}
	for i := len(b) - 1; i >= 0; i-- {
		for c := i + 1; c < len(b); c++ {
			b[i] -= a[i][c] * b[c]
		}
		b[i] /= a[i][i]
	}
	return b
}

func product(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func sigmoid(x float64) float64 {
	return 1 / (1 + math.Exp(-x))
}
