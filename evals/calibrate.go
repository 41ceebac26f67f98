package evals

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
)

// folds of the cross-validation; ten is the usual compromise of bias and cost.
const folds = 10

// Calibration is a fitted confidence model with what it is worth on cases that it was not fitted on.
type Calibration struct {
	After   Scores           `json:"after"`  // calibration: what the service would promise
	AURC    float64          `json:"aurc"`   // area under the risk-coverage curve; 0 is best
	Before  Scores           `json:"before"` // calibration: the logistic model as it was fitted
	Bins    []Bin            `json:"bins"`   // of the probabilities after calibration
	EAURC   float64          `json:"e_aurc"` // AURC less that of an order in which every right case stands before every wrong one
	Cases   int              `json:"cases"`
	Correct int              `json:"correct"`
	Model   confidence.Model `json:"model"`
	Points  []Operating      `json:"operating_points"` // by threshold
	Target  Target           `json:"target"`

	predictions []judged // after calibration, the surest first
}

// Scores say how far probabilities keep what they promise.
type Scores struct {
	Brier float64 `json:"brier"` // mean squared error
	ECE   float64 `json:"ece"`   // expected calibration error, over ten bins
}

// Calibrate fits the confidence model on the results of suites and measures it at a precision that is wanted, 0 to 1. A case counts
// when the pipeline got as far as a draft. The draft is right when the case expects an answer and the draft cites the article that
// it names; what a draft says in a case that expects no answer is wrong. All evidence must be made with the same embedder and model.
func Calibrate(results []Result, target float64) (Calibration, error) {
	cases, basis, err := labelled(results)
	if err != nil {
		return Calibration{}, err
	}
	model, err := fitCalibrated(cases)
	if err != nil {
		return Calibration{}, fmt.Errorf("calibrate on %d cases: %w", len(cases), err)
	}
	model.Basis, model.Fingerprint = basis, basis.Fingerprint()
	before, err := crossValidate(cases, confidence.Fit)
	if err != nil {
		return Calibration{}, err
	}
	after, err := crossValidate(cases, fitCalibrated)
	if err != nil {
		return Calibration{}, err
	}
	predictions := bySureness(after)
	model.Points = points(predictions)
	calibration := Calibration{
		After: scoresOf(after), AURC: riskArea(predictions), Before: scoresOf(before), Bins: bins(predictions), Cases: len(cases),
		Model: model, Points: ladder(predictions), Target: at(predictions, target), predictions: predictions,
	}
	ideal := slices.Clone(predictions)
	for i, p := range ideal {
		ideal[i].probability = 0
		if p.right {
			ideal[i].probability = 1
			calibration.Correct++
		}
	}
	calibration.EAURC = calibration.AURC - riskArea(ideal)
	return calibration, nil
}

// labelled returns the evidence of the cases that count, with the truth, and what it was made with.
func labelled(results []Result) ([]confidence.Labelled, confidence.Basis, error) {
	var cases []confidence.Labelled
	var basis confidence.Basis
	for _, result := range results {
		explained := result.Conclusion.Explained
		if explained.Evidence == (confidence.Evidence{}) || !explained.Evidence.Sendable() {
			continue
		}
		if len(cases) == 0 {
			basis = explained.Basis
		}
		if explained.Basis != basis {
			return nil, basis, fmt.Errorf("%w: case %s has evidence of another making than those before it: did a model fail on the way?",
				ErrBroken, result.Case.ID)
		}
		cases = append(cases, confidence.Labelled{Correct: rightDraft(result), Evidence: explained.Evidence})
	}
	return cases, basis, nil
}

// rightDraft reports whether a draft rests on the article that its case expects and has the facts that it must contain. What was
// sent does not matter: that depends on the fit.
func rightDraft(result Result) bool {
	expect, explained := result.Case.Expect, result.Conclusion.Explained
	return cites(explained.Cited, expect) &&
		!slices.ContainsFunc(expect.MustContain, func(fact string) bool { return !contains(explained.Drafted, fact) })
}

// cites reports whether one of the articles is the one that a case expects an answer from.
func cites(cited []assistant.Citation, expect Expect) bool {
	return expect.Outcome == assistant.OutcomeAnswered && slices.ContainsFunc(cited, func(c assistant.Citation) bool {
		return c.Slug == expect.Article
	})
}

// fitCalibrated fits a model and corrects it by probabilities that models without the case gave.
func fitCalibrated(cases []confidence.Labelled) (confidence.Model, error) {
	model, err := confidence.Fit(cases)
	if err != nil {
		return model, err
	}
	scored, err := crossValidate(cases, confidence.Fit)
	if err != nil {
		return model, err
	}
	return model.Calibrated(scored), nil
}

// crossValidate returns for each case the probability that a model gives it that was fitted on the other folds. A fold has its
// share of the right cases and of the wrong ones.
func crossValidate(
	cases []confidence.Labelled, fit func([]confidence.Labelled) (confidence.Model, error),
) ([]confidence.Scored, error) {
	scored := make([]confidence.Scored, len(cases))
	dealt := make(map[bool]int)
	fold := make([]int, len(cases))
	for i, c := range cases {
		fold[i] = dealt[c.Correct] % folds
		dealt[c.Correct]++
	}
	for held := range folds {
		var rest []confidence.Labelled
		for i, c := range cases {
			if fold[i] != held {
				rest = append(rest, c)
			}
		}
		model, err := fit(rest)
		if err != nil {
			return nil, errors.Join(errCrossValidate, err)
		}
		for i, c := range cases {
			if fold[i] == held {
				scored[i] = confidence.Scored{Correct: c.Correct, Probability: model.Probability(c.Evidence)}
			}
		}
	}
	return scored, nil
}

// errCrossValidate says which step found the cases too few.
var errCrossValidate = errors.New("cross-validate")

func scoresOf(scored []confidence.Scored) Scores {
	var scores Scores
	for _, s := range scored {
		missed := s.Probability
		if s.Correct {
			missed = 1 - s.Probability
		}
		scores.Brier += missed * missed / float64(len(scored))
	}
	scores.ECE = calibrationError(bySureness(scored))
	return scores
}
