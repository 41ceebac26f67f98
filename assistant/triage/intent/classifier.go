package intent

import (
	"cmp"
	"math"
	"slices"
)

// Prediction is an intent and the calibrated probability that the text expresses it.
type Prediction struct {
	Intent      string
	Probability float64
}

// Opinion is what a classifier makes of a text.
type Opinion struct {
	// Person is the calibrated probability that the text expresses an intent of Options.Never, whichever. It is not the
	// sum of their probabilities: it counts how strongly all of them speak against all of the others, which ranks better.
	Person float64
	// Predictions are the most probable labels, the most probable first.
	Predictions []Prediction
}

// Classifier predicts intents. It is read-only and safe for concurrent use.
type Classifier struct {
	// bias has a value for each column: those of the labels, and one for all of Options.Never together.
	bias        []float32
	calibration calibration
	// dense is [dimension][column] of the vectors of embedder, which may be nil.
	dense        []float32
	embedder     Embedder
	embedderName string
	fingerprint  string
	idf          []float32
	// inScope is the number of labels that are intents: all, or all but the last.
	inScope int
	// labels names the columns but the last.
	labels []string
	// never marks the labels that need a person: of Options.Never, or of WithNever.
	never []bool
	cells cells
	// scales turns a column's quantized weights back: weight = scale * quantized.
	scales     []float32
	vocabulary vocabulary
}

type classifierParts struct {
	calibration calibration
	embedder    Embedder
	fingerprint string
	idf         []float32
	labels      []string
	never       []bool
	outOfScope  string
	vocabulary  vocabulary
	weights     []float32 // [feature][column], [dimension][column], [column] for the bias
}

// faintWeight is the largest quantized weight, of 127, that is left out: three of five cells, and no measured difference.
const faintWeight = 1

func newClassifier(p classifierParts) *Classifier {
	columns, features := len(p.labels)+1, len(p.idf)
	c := &Classifier{
		bias: p.weights[len(p.weights)-columns:], calibration: p.calibration, dense: p.weights[features*columns : len(p.weights)-columns],
		embedder: p.embedder, embedderName: embedderName(p.embedder), fingerprint: p.fingerprint, idf: p.idf,
		inScope: countInScope(p.labels, p.outOfScope), labels: p.labels, never: p.never, scales: make([]float32, columns),
		vocabulary: p.vocabulary,
	}
	for i, w := range p.weights[:features*columns] {
		c.scales[i%columns] = max(c.scales[i%columns], float32(math.Abs(float64(w))/math.MaxInt8))
	}
	c.cells = newCells(features, 0)
	for f := range features {
		for column, w := range p.weights[f*columns:][:columns] {
			if c.scales[column] == 0 {
				continue
			}
			if quantized := math.RoundToEven(float64(w / c.scales[column])); math.Abs(quantized) > faintWeight {
				c.cells.add(column, int8(quantized))
			}
		}
		c.cells.endRow()
	}
	return c
}

// Fingerprint identifies the examples, options and lexicon that the classifier was trained with, as a hexadecimal SHA-256. A
// calibration of anything that depends on the predictions is stale when it changes.
func (c *Classifier) Fingerprint() string {
	return c.fingerprint
}

// Labels returns the intents that Predict can name, in alphabetical order, without the label for out of scope.
func (c *Classifier) Labels() []string {
	return slices.Clone(c.labels[:c.inScope])
}

// WithNever returns the classifier with other labels in the place of Options.Never: a desk may change what a machine may
// answer without training again.
func (c *Classifier) WithNever(labels []string) *Classifier {
	changed := *c
	changed.never = make([]bool, c.inScope)
	for i := range changed.never {
		changed.never[i] = slices.Contains(labels, c.labels[i])
	}
	return &changed
}

// Predict returns the n most probable labels, the most probable first, ties by name (out of scope last). The
// probabilities of all labels add up to one. Where the examples had texts out of scope, that label is one of them: its
// probability is that of "none of these".
// Only the first 4,000 characters count; a text without letters and digits gets no predictions.
func (c *Classifier) Predict(text string, n int) []Prediction { return c.Judge(text, n).Predictions }

// Judge returns Predict's predictions, and the probability that the text needs a person.
func (c *Classifier) Judge(text string, n int) Opinion {
	found := extract(text)
	if n <= 0 || len(found[blockGrams])+len(found[blockWords]) == 0 {
		return Opinion{}
	}
	judged := c.judge(found, vectorOf(c.embedder, text))
	probabilities := c.calibration.probabilities(judged, make([]float64, c.inScope, len(c.labels)))
	if c.inScope < len(c.labels) {
		rest := 1.0
		for _, p := range probabilities {
			rest -= p
		}
		probabilities = append(probabilities, max(rest, 0))
	}
	order := make([]int, len(probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if probabilities[a] == probabilities[b] {
			return a - b
		}
		return cmp.Compare(probabilities[b], probabilities[a])
	})
	opinion := Opinion{Person: c.calibration.personProbability(judged, c.never), Predictions: make([]Prediction, min(n, len(order)))}
	for i := range opinion.Predictions {
		opinion.Predictions[i] = Prediction{Intent: c.labels[order[i]], Probability: probabilities[order[i]]}
	}
	return opinion
}

func (c *Classifier) judge(text occurrences, vector []float32) judgement {
	known, coverage := text.rows(c.vocabulary.find)
	scores := make([]float32, len(c.bias))
	for _, t := range weigh(known, c.idf) {
		c.cells.addTo(scores, t)
	}
	for k := range scores {
		scores[k] = scores[k]*c.scales[k] + c.bias[k]
	}
	for d, v := range vector {
		row := c.dense[d*len(scores):][:len(scores)]
		for k, w := range row {
			scores[k] += v * w
		}
	}
	j := newJudgement(scores, c.inScope)
	j.coverage = coverage
	return j
}

// countInScope tells how many of the labels are intents; the label that is out of scope stands last.
func countInScope(labels []string, outOfScope string) int {
	if last := len(labels) - 1; labels[last] == outOfScope {
		return last
	}
	return len(labels)
}

// vocabulary finds the row of a feature by its hash: open addressing, at most half full.
type vocabulary struct {
	// hashes is in ascending order; a hash's position is its row.
	hashes []uint32
	mask   uint32
	slots  []uint32 // row + 1; 0 is empty
}

func newVocabulary(hashes []uint32) vocabulary {
	size := uint32(4)
	for int(size) < 2*len(hashes) {
		size *= 2
	}
	v := vocabulary{hashes: hashes, mask: size - 1, slots: make([]uint32, size)}
	for row, h := range hashes {
		at := h & v.mask
		for v.slots[at] != 0 {
			at = (at + 1) & v.mask
		}
		v.slots[at] = uint32(row) + 1
	}
	return v
}

func (v vocabulary) find(hash uint32) (uint32, bool) {
	for at := hash & v.mask; v.slots[at] != 0; at = (at + 1) & v.mask {
		if row := v.slots[at] - 1; v.hashes[row] == hash {
			return row, true
		}
	}
	return 0, false
}
