package intent

import (
	"math"
	"slices"
)

// calibration turns scores into probabilities: the probability that the text is in scope at all, times the share of
// each intent among those in scope.
type calibration struct {
	// gate holds the weights of the evidence for "in scope".
	gate [gateSize]float64
	// never is what the person's column was trained for.
	never []bool
	// person holds the weights of the evidence for "needs a person"; zeros where no label does. otherPerson are those without
	// the score of the person's column, for a desk whose labels for a person are not those of the training.
	person, otherPerson [personSize]float64
	// scale is the inverse of softmax's temperature.
	scale float64
}

// Evidence for "in scope": best score, its lead over the second, the score of the out-of-scope class, the share of the
// text that the model knows, and the constant. Evidence for "needs a person": by how much the labels of Options.Never
// outweigh the others at three temperatures, that share, the constant, and last the score of all of Options.Never as one.
const (
	gateSize   = 5
	personSize = len(temperatures) + 3
)

// judgement is what the calibration is fitted on: the scores of a text by a model that has not seen it.
type judgement struct {
	coverage float64
	// label is the index of the right class among the in-scope scores, or -1.
	label int
	// outside is the score of the out-of-scope class; 0 where there is none.
	outside float64
	// person is the score of the column that stands for all of Options.Never.
	person float64
	scores []float32
}

// newJudgement takes the scores of all columns: those in scope, perhaps that of the out-of-scope class, that of the person.
func newJudgement(columns []float32, inScope int) judgement {
	last := len(columns) - 1
	j := judgement{person: float64(columns[last]), scores: columns[:inScope]}
	if inScope < last {
		j.outside = float64(columns[inScope])
	}
	return j
}

func (j judgement) gateEvidence() []float64 {
	best, second := math.Inf(-1), math.Inf(-1)
	for _, s := range j.scores {
		v := float64(s)
		if v > best {
			best, second = v, best
		} else if v > second {
			second = v
		}
	}
	return []float64{best, best - second, j.outside, j.coverage, 1}
}

// probabilities overwrites out (one per in-scope class) and returns it.
func (c calibration) probabilities(j judgement, out []float64) []float64 {
	inScope := sigmoid(product(c.gate[:], j.gateEvidence()))
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

// personEvidence weighs the labels that need a person against the others and against "none of these".
func (j judgement) personEvidence(never []bool) []float64 {
	x := make([]float64, 0, personSize)
	for _, temperature := range temperatures {
		person, others := 0.0, math.Exp(temperature*j.outside)
		for k, s := range j.scores {
			if v := math.Exp(temperature * float64(s)); never[k] {
				person += v
			} else {
				others += v
			}
		}
		x = append(x, math.Log(person)-math.Log(others))
	}
	return append(x, j.coverage, 1, j.person)
}

// personProbability is the probability that a text needs a person, who is needed for the labels that never marks.
func (c calibration) personProbability(j judgement, never []bool) float64 {
	weights := c.otherPerson
	switch {
	case !slices.Contains(never, true):
		return 0
	case slices.Equal(never, c.never):
		weights = c.person
	}
	return sigmoid(product(weights[:], j.personEvidence(never)))
}

func fitCalibration(judgements []judgement, never []bool) calibration {
	c := calibration{never: never, scale: round(fitScale(judgements))}
	c.gate[gateSize-1] = openGate
	if slices.ContainsFunc(judgements, func(j judgement) bool { return j.label < 0 }) {
		rows := make([]outcome, len(judgements))
		for i, j := range judgements {
			rows[i] = outcome{evidence: j.gateEvidence(), happened: j.label >= 0}
		}
		copy(c.gate[:], fitLogistic(rows))
	}
	if slices.Contains(never, true) {
		rows := make([]outcome, len(judgements))
		for i, j := range judgements {
			rows[i] = outcome{evidence: j.personEvidence(never), happened: j.label >= 0 && never[j.label]}
		}
		copy(c.person[:], fitLogistic(rows))
		for i := range rows {
			rows[i].evidence = rows[i].evidence[:personSize-1]
		}
		copy(c.otherPerson[:], fitLogistic(rows))
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

// openGate is the log-odds of "in scope" where the examples give no reason for doubt: 0.9999.
const openGate = 9.21
