package evals

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
)

// folds of the cross-validation; ten is the usual compromise of bias and cost.
const folds = 10

// Calibration is a fitted confidence model with what it is worth on cases that it was not fitted on.
type Calibration struct {
	AURC      float64          `json:"aurc"`   // area under the risk-coverage curve; 0 is best
	Brier     float64          `json:"brier"`  // mean squared error of the cross-validated probabilities
	ECE       float64          `json:"ece"`    // expected calibration error, over ten bins
	EAURC     float64          `json:"e_aurc"` // AURC less that of an order in which every right case stands before every wrong one
	Cases     int              `json:"cases"`
	Correct   int              `json:"correct"`
	Model     confidence.Model `json:"model"`
	Precision []Operating      `json:"operating_points"`
}

// Operating is what a threshold would have done, on cross-validated probabilities.
type Operating struct {
	Answered  int     `json:"answered"`
	Coverage  float64 `json:"coverage"` // of the cases that have an answer, the share that is answered rightly
	Precision float64 `json:"precision"`
	Threshold float64 `json:"threshold"`
}

// Calibrate fits the confidence model on the results of a suite. A case counts when the pipeline got as far as a draft.
// The draft is right when the case expects an answer and the draft cites the article that it names, in the customer's
// language; what a draft says in a case that expects no answer is wrong.
func Calibrate(results []Result, fingerprint string) (Calibration, error) {
	var cases []confidence.Labelled
	for _, result := range results {
		if result.Conclusion.Explained.Evidence == (confidence.Evidence{}) || !result.Conclusion.Explained.Evidence.GuardPassed {
			continue
		}
		right := result.Case.Expect.Outcome == assistant.OutcomeAnswered &&
			result.Case.Expect.Article != "" && slices.Contains(result.Articles, result.Case.Expect.Article)
		cases = append(cases, confidence.Labelled{Correct: right, Evidence: result.Conclusion.Explained.Evidence})
	}
	model, err := confidence.Fit(cases, fingerprint)
	if err != nil {
		return Calibration{}, fmt.Errorf("calibrate on %d cases: %w", len(cases), err)
	}
	calibration := Calibration{Cases: len(cases), Model: model}
	probabilities, err := crossValidate(cases)
	if err != nil {
		return Calibration{}, err
	}
	for i, c := range cases {
		missed := probabilities[i]
		if c.Correct {
			missed = 1 - probabilities[i]
			calibration.Correct++
		}
		calibration.Brier += missed * missed / float64(len(cases))
	}
	calibration.Model.Points = points(cases, probabilities)
	calibration.weigh(cases, probabilities)
	for threshold := 0.3; threshold < 0.96; threshold += 0.05 {
		calibration.Precision = append(calibration.Precision, operate(cases, probabilities, threshold))
	}
	return calibration, nil
}

// targets are the precisions that a policy can name; it takes the next higher one.
func targets() []float64 { return []float64{0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99} }

// points returns for each target the least threshold at which the lower bound of the precision reaches it. The threshold is chosen
// on the cases that it is measured on, so the bound flatters a little. A target that the cases are too few to prove has none.
func points(cases []confidence.Labelled, probabilities []float64) []confidence.Point {
	order := make([]int, len(cases))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(probabilities[b], probabilities[a]) })
	var found []confidence.Point
	for _, target := range targets() {
		var best *confidence.Point
		right := 0
		for answered, i := range order {
			if cases[i].Correct {
				right++
			}
			n := answered + 1
			if n < len(order) && probabilities[order[n]] == probabilities[i] {
				continue // a threshold takes all of equal probability
			}
			if lower := exactLower(right, n); lower >= target {
				best = &confidence.Point{
					Coverage: float64(n) / float64(len(cases)), LowerBound: lower, Precision: float64(right) / float64(n), Target: target,
					Threshold: probabilities[i],
				}
			}
		}
		if best != nil {
			found = append(found, *best)
		}
	}
	return found
}

// weigh measures the cross-validated probabilities as a ranking and as promises.
func (c *Calibration) weigh(cases []confidence.Labelled, probabilities []float64) {
	predictions, ideal := make([]judged, len(cases)), make([]judged, len(cases))
	for i, labelled := range cases {
		predictions[i] = judged{probability: probabilities[i], right: labelled.Correct}
		ideal[i].right = labelled.Correct
		if labelled.Correct {
			ideal[i].probability = 1
		}
	}
	c.AURC, c.ECE = riskArea(predictions), calibrationError(predictions)
	c.EAURC = c.AURC - riskArea(ideal)
}

// crossValidate returns for each case the probability that a model fitted on the other folds gives it.
func crossValidate(cases []confidence.Labelled) ([]float64, error) {
	probabilities := make([]float64, len(cases))
	for fold := range folds {
		var rest []confidence.Labelled
		for i, c := range cases {
			if i%folds != fold {
				rest = append(rest, c)
			}
		}
		model, err := confidence.Fit(rest, "")
		if err != nil {
			return nil, fmt.Errorf("cross-validate: %w", err)
		}
		for i, c := range cases {
			if i%folds == fold {
				probabilities[i] = model.Probability(c.Evidence)
			}
		}
	}
	return probabilities, nil
}

func operate(cases []confidence.Labelled, probabilities []float64, threshold float64) Operating {
	point := Operating{Threshold: math.Round(threshold*100) / 100}
	right, all := 0, 0
	for i, c := range cases {
		if c.Correct {
			all++
		}
		if probabilities[i] < threshold {
			continue
		}
		point.Answered++
		if c.Correct {
			right++
		}
	}
	if point.Answered > 0 {
		point.Precision = float64(right) / float64(point.Answered)
	}
	if all > 0 {
		point.Coverage = float64(right) / float64(all)
	}
	return point
}

// Fingerprint names what a fit belongs to: with another embedder, taxonomy or suite it is stale.
func Fingerprint(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}
