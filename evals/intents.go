package evals

import (
	"fmt"
	"math"

	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// IntentRow is a text and its intent.
type IntentRow struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// IntentReport says how well a classifier that was trained on one set reads another.
type IntentReport struct {
	N        int     `json:"n"`        // texts with an intent; those without one count for OOSAUROC only
	Accuracy float64 `json:"accuracy"` // whatever the classifier thinks of their having one
	MacroF1  float64 `json:"macro_f1"`
	ECE      float64 `json:"ece"`
	AURC     float64 `json:"aurc"`
	OOSAUROC float64 `json:"oos_auroc"` // 0 without texts that have no intent
}

// Intents trains a classifier on train and measures it on test. outOfScope is the label of texts that have no intent.
func Intents(train, test []IntentRow, outOfScope string) (IntentReport, error) {
	examples := make([]intent.Example, len(train))
	for i, row := range train {
		examples[i] = intent.Example{Intent: row.Label, Text: row.Text}
	}
	classifier, err := intent.Train(examples, intent.Options{Embedder: embed.New(), OutOfScope: outOfScope})
	if err != nil {
		return IntentReport{}, fmt.Errorf("train on %d examples: %w", len(train), err)
	}
	var predictions []judged
	var inside, outside []float64
	counts := make(confusion)
	for _, row := range test {
		best, inScope := readIntent(classifier, row.Text, outOfScope)
		if row.Label == outOfScope {
			outside = append(outside, inScope)
			continue
		}
		inside = append(inside, inScope)
		predictions = append(predictions, judged{probability: best.Probability, right: best.Intent == row.Label})
		counts.add(row.Label, best.Intent)
	}
	report := IntentReport{
		N: len(predictions), AURC: riskArea(predictions), ECE: calibrationError(predictions), MacroF1: counts.macroF1(),
		OOSAUROC: rankArea(inside, outside),
	}
	for _, p := range predictions {
		if p.right {
			report.Accuracy += 1 / float64(len(predictions))
		}
	}
	return report, nil
}

// readIntent returns the likeliest intent of a text, and the probability that it has one at all.
func readIntent(classifier *intent.Classifier, text, outOfScope string) (intent.Prediction, float64) {
	var best intent.Prediction
	inScope := 1.0
	for _, prediction := range classifier.Predict(text, math.MaxInt) {
		switch {
		case prediction.Intent == outOfScope:
			inScope = 1 - prediction.Probability
		case best.Intent == "":
			best = prediction
		}
	}
	return best, inScope
}

// confusion counts, for each label, how often it was right, missed, and named wrongly.
type confusion map[string]*struct{ right, missed, wrong float64 }

func (c confusion) add(want, got string) {
	for _, label := range []string{want, got} {
		if c[label] == nil {
			c[label] = &struct{ right, missed, wrong float64 }{}
		}
	}
	if want == got {
		c[want].right++
		return
	}
	c[want].missed++
	c[got].wrong++
}

// macroF1 is the mean of the labels' F1, over the labels that the test set has.
func (c confusion) macroF1() float64 {
	sum, labels := 0.0, 0.0
	for _, count := range c {
		if count.right+count.missed == 0 {
			continue
		}
		labels++
		sum += 2 * count.right / (2*count.right + count.missed + count.wrong)
	}
	return sum / max(labels, 1)
}
