// Package confidence turns the evidence for an answer into the probability that it is right.
//
// It is a logistic model over a few named features, fitted on labelled cases (deskhand eval calibrate) and read from a
// file, so that QA can see and question every weight. It knows nothing of thresholds: what is sure enough is the policy's
// business.
package confidence

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

//go:embed default.json
var defaultModel []byte

// Evidence is what is known about a draft before anybody reads it.
type Evidence struct {
	AgreeingRanks   bool    `json:"agreeing_ranks"` // words and vectors put the same passage first
	BM25            float64 `json:"bm25"`           // of the best passage; 0 and up
	Coverage        float64 `json:"coverage"`       // share of the question's terms, weighted by rarity, that the best passage has: 0 to 1
	GuardPassed     bool    `json:"guard_passed"`
	IntentMatch     bool    `json:"intent_match"`     // the article answers what triage believes the question is
	Margin          float64 `json:"margin"`           // distance of the best article to the next, in units of the fused score
	Similarity      float64 `json:"similarity"`       // cosine of question and passage, -1 to 1
	TriageCertainty float64 `json:"triage_certainty"` // probability that the question is about an intent that the article answers, 0 to 1
}

// names of the features, in the order in which features returns their values.
var names = []string{
	"agreeing_ranks", "bm25", "coverage", "intent_certainty", "intent_match", "margin", "similarity",
}

// Labelled is evidence with the truth beside it.
type Labelled struct {
	Correct  bool
	Evidence Evidence
}

// Model is a fitted logistic model. The zero Model believes nothing.
type Model struct {
	Cases       int                `json:"cases"`       // on which it was fitted
	Fingerprint string             `json:"fingerprint"` // of the suite, embedder and taxonomy that the fit belongs to
	Intercept   float64            `json:"intercept"`
	Points      []Point            `json:"points,omitempty"` // thresholds for precisions, in the order of their targets
	Stale       bool               `json:"-"`                // fitted for another model, prompt, embedder or taxonomy than is in use
	Weights     map[string]float64 `json:"weights"`
}

// Conservative is the least probability at which an answer is sent while the fit is stale: its probabilities were true for
// something else, so only what was nearly certain there counts.
const Conservative = 0.95

// Point is the threshold that reached a precision on the cases of the fit, each judged by a model that had not seen it.
type Point struct {
	Coverage   float64 `json:"coverage"`    // share of all cases that are answered
	LowerBound float64 `json:"lower_bound"` // of the precision, one-sided, 95 %
	Precision  float64 `json:"precision"`   // as it was measured
	Target     float64 `json:"target"`
	Threshold  float64 `json:"threshold"`
}

// Reaching returns the least threshold that is known to reach a precision; false when none is.
func (m Model) Reaching(precision float64) (float64, bool) {
	for _, point := range m.Points {
		if point.Target >= precision {
			return point.Threshold, true
		}
	}
	return 0, false
}

// Default returns the model that ships with the program.
func Default() (Model, error) {
	var m Model
	if err := json.Unmarshal(defaultModel, &m); err != nil {
		return m, fmt.Errorf("parse default confidence model: %w", err)
	}
	for name := range m.Weights {
		if !slices.Contains(names, name) {
			return m, fmt.Errorf("default confidence model has an unknown feature %q", name)
		}
	}
	return m, nil
}

// Probability is the probability, 0 to 1, that an answer with this evidence is right. What the guard objects to is never
// right.
func (m Model) Probability(e Evidence) float64 {
	if !e.GuardPassed || len(m.Weights) == 0 {
		return 0
	}
	z := m.Intercept
	for i, value := range features(e) {
		z += m.Weights[names[i]] * value
	}
	return sigmoid(z)
}

const (
	// ridge keeps the weights finite when a feature separates the cases; 1 is the usual unit prior on features of order 1.
	ridge      = 1.0
	iterations = 200
	converged  = 1e-9
)

// Fit returns the model of highest penalised likelihood, by Newton's method (iteratively reweighted least squares; see
// Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4.1). It needs cases of both kinds.
func Fit(cases []Labelled, fingerprint string) (Model, error) {
	right := 0
	for _, c := range cases {
		if c.Correct {
			right++
		}
	}
	if right == 0 || right == len(cases) {
		return Model{}, errors.New("fit confidence: the cases must hold right and wrong answers")
	}
	size := len(names) + 1
	beta := make([]float64, size)
	for range iterations {
		gradient, hessian := derivatives(cases, beta)
		step, err := solve(hessian, gradient)
		if err != nil {
			return Model{}, fmt.Errorf("fit confidence: %w", err)
		}
		change := 0.0
		for i := range beta {
			beta[i] += step[i]
			change += math.Abs(step[i])
		}
		if change < converged {
			break
		}
	}
	m := Model{Cases: len(cases), Fingerprint: fingerprint, Intercept: beta[0], Weights: make(map[string]float64, len(names))}
	for i, name := range names {
		m.Weights[name] = beta[i+1]
	}
	return m, nil
}

// derivatives of the penalised log-likelihood at beta: its gradient, and its negative Hessian.
func derivatives(cases []Labelled, beta []float64) ([]float64, [][]float64) {
	size := len(beta)
	gradient := make([]float64, size)
	hessian := make([][]float64, size)
	for i := range hessian {
		hessian[i] = make([]float64, size)
		if i > 0 { // the intercept is free
			gradient[i] = -ridge * beta[i]
			hessian[i][i] = ridge
		}
	}
	for _, c := range cases {
		x := append([]float64{1}, features(c.Evidence)...)
		z, y := 0.0, 0.0
		for i, value := range x {
			z += beta[i] * value
		}
		if c.Correct {
			y = 1
		}
		p := sigmoid(z)
		for i := range x {
			gradient[i] += (y - p) * x[i]
			for j := range x {
				hessian[i][j] += p * (1 - p) * x[i] * x[j]
			}
		}
	}
	return gradient, hessian
}

// features are the values of names, each of order 1.
func features(e Evidence) []float64 {
	return []float64{
		indicator(e.AgreeingRanks),
		math.Log1p(max(e.BM25, 0)),
		e.Coverage,
		e.TriageCertainty,
		indicator(e.IntentMatch),
		math.Log1p(max(e.Margin, 0)),
		e.Similarity,
	}
}

func indicator(holds bool) float64 { //nolint:revive // it makes a number of a bool
	if holds {
		return 1
	}
	return 0
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// solve returns x with a·x = b for a small symmetric positive definite a, by Gaussian elimination with pivoting.
func solve(a [][]float64, b []float64) ([]float64, error) {
	size := len(b)
	for column := range size {
		pivot := column
		for row := column + 1; row < size; row++ {
			if math.Abs(a[row][column]) > math.Abs(a[pivot][column]) {
				pivot = row
			}
		}
		if math.Abs(a[pivot][column]) < 1e-12 {
			return nil, errors.New("the cases do not determine the weights")
		}
		a[column], a[pivot] = a[pivot], a[column]
		b[column], b[pivot] = b[pivot], b[column]
		for row := column + 1; row < size; row++ {
			factor := a[row][column] / a[column][column]
			for k := column; k < size; k++ {
				a[row][k] -= factor * a[column][k]
			}
			b[row] -= factor * b[column]
		}
	}
	x := make([]float64, size)
	for row := size - 1; row >= 0; row-- {
		x[row] = b[row]
		for k := row + 1; k < size; k++ {
			x[row] -= a[row][k] * x[k]
		}
		x[row] /= a[row][row]
	}
	return x, nil
}
