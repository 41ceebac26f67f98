// Package confidence turns the evidence for an answer into the probability that it is right.
//
// It is a logistic model over a few named features, fitted on labelled cases (deskhand eval calibrate) and read from a
// file, so that QA can see and question every weight. It knows nothing of thresholds: what is sure enough is the policy's
// business.
package confidence

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
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
	Met             bool    `json:"met"`              // a line of the draft gives the value for what the question names
	OfAnother       bool    `json:"of_another"`       // the draft gives the value of something else than the question names
	Similarity      float64 `json:"similarity"`       // cosine of question and passage, -1 to 1
	TriageCertainty float64 `json:"triage_certainty"` // probability that the question is about an intent that the article answers, 0 to 1
}

// names of the features, in the order in which features returns their values.
var names = []string{
	"agreeing_ranks", "bm25", "coverage", "intent_certainty", "intent_match", "margin", "met", "similarity",
}

// Labelled is evidence with the truth beside it.
type Labelled struct {
	Correct  bool
	Evidence Evidence
}

// Model is a fitted logistic model. The zero Model believes nothing.
type Model struct {
	Basis       Basis              `json:"basis"`           // what the evidence of the fit was made with
	Cases       int                `json:"cases"`           // on which it was fitted
	Curve       []Knot             `json:"curve,omitempty"` // corrects the probabilities of a fit on many cases
	Fingerprint string             `json:"fingerprint"`     // of Basis
	Intercept   float64            `json:"intercept"`
	Points      []Point            `json:"points,omitempty"` // thresholds for precisions, in the order of their targets
	Stale       bool               `json:"-"`                // fitted for something else than is in use: see For
	Suites      []string           `json:"suites"`           // names of those that it was fitted on
	Weights     map[string]float64 `json:"weights"`
}

// For returns m as it holds for evidence that was made with something: stale, when it was fitted for something else.
func (m Model) For(use Basis) Model {
	m.Stale = len(m.Basis.Differences(use)) > 0
	return m
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
	m, err := Parse(bytes.NewReader(defaultModel))
	if err != nil {
		return m, fmt.Errorf("read default confidence model: %w", err)
	}
	return m, nil
}

// maxBytes bounds a fit as a file: one on many cases has some hundred knots.
const maxBytes = 1 << 20

// Parse reads a fit that deskhand eval calibrate wrote. An error names the field at fault.
func Parse(r io.Reader) (Model, error) {
	var m Model
	content, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	switch {
	case err != nil:
		return m, fmt.Errorf("read fit: %w", err)
	case len(content) > maxBytes:
		return m, errors.New("parse fit: it is longer than 1 MiB")
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return m, fmt.Errorf("parse fit: %w", err)
	}
	if decoder.More() {
		return m, errors.New("parse fit: there is more after it")
	}
	return m, m.validate()
}

// validate names the first field that no fit can have: a file that somebody edited must not make everything look certain.
func (m Model) validate() error {
	for name := range m.Weights {
		if !slices.Contains(names, name) {
			return fmt.Errorf("weights.%s is no feature: the features are %s", name, strings.Join(names, ", "))
		}
	}
	if len(m.Weights) != len(names) {
		return fmt.Errorf("weights lacks a feature: it needs %s", strings.Join(names, ", "))
	}
	if m.Fingerprint != m.Basis.Fingerprint() {
		return errors.New("fingerprint is not that of basis: write the fit with \"deskhand eval calibrate --out\"")
	}
	for i, knot := range m.Curve {
		if !share(knot.Raw) || !share(knot.True) || i > 0 && (knot.Raw <= m.Curve[i-1].Raw || knot.True < m.Curve[i-1].True) {
			return fmt.Errorf("curve[%d] must rise from the one before it and lie between 0 and 1", i)
		}
	}
	for i, point := range m.Points {
		if !share(point.Target) || !share(point.Threshold) || i > 0 && point.Target <= m.Points[i-1].Target {
			return fmt.Errorf("points[%d] must have a threshold between 0 and 1 and a target above the one before it", i)
		}
	}
	return nil
}

// share reports whether x lies between 0 and 1; what is no number does not.
func share(x float64) bool { return x >= 0 && x <= 1 }

// Sendable reports whether there is something to be weighed: what the guard objects to, or what is said of another, is never right.
func (e Evidence) Sendable() bool { return e.GuardPassed && !e.OfAnother }

// Probability is the probability, 0 to 1, that an answer with this evidence is right; 0 for what is not Sendable.
func (m Model) Probability(e Evidence) float64 {
	if !e.Sendable() || len(m.Weights) == 0 {
		return 0
	}
	z := m.Intercept
	for i, value := range features(e) {
		z += m.Weights[names[i]] * value
	}
	if len(m.Curve) > 0 {
		return along(m.Curve, sigmoid(z))
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
func Fit(cases []Labelled) (Model, error) {
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
	m := Model{Cases: len(cases), Intercept: beta[0], Weights: make(map[string]float64, len(names))}
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
		indicator(e.Met),
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
		a[column], a[pivot] = a[pivot], a[column] //nolint:gosec // both are rows of a
		b[column], b[pivot] = b[pivot], b[column] //nolint:gosec // as long as a
		for row := column + 1; row < size; row++ {
			factor := a[row][column] / a[column][column] //nolint:gosec // a is square
			for k := column; k < size; k++ {
				a[row][k] -= factor * a[column][k] //nolint:gosec // as above
			}
			b[row] -= factor * b[column] //nolint:gosec // as above
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
