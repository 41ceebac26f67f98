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

// Classifier predicts intents. It is read-only and safe for concurrent use.
type Classifier struct {
	bias        []float32
	calibration calibration
	fingerprint string
	idf         []float32
	// inScope is the number of labels that are intents: all, or all but the last.
	inScope int
	// labels names the columns of weights.
	labels []string
	// scales turns a class's quantized weights back: weight = scale * quantized.
	scales     []float32
	vocabulary vocabulary
	// weights is [feature][class].
	weights []int8
}

type classifierParts struct {
	calibration calibration
	fingerprint string
	idf         []float32
	labels      []string
	outOfScope  string
	vocabulary  vocabulary
	weights     []float32
}

func newClassifier(p classifierParts) *Classifier {
	classes, features := len(p.labels), len(p.idf)
	c := &Classifier{
		bias: p.weights[features*classes:], calibration: p.calibration, fingerprint: p.fingerprint, idf: p.idf,
		inScope: countInScope(p.labels, p.outOfScope), labels: p.labels, scales: make([]float32, classes),
		vocabulary: p.vocabulary, weights: make([]int8, features*classes),
	}
	for i, w := range p.weights[:features*classes] {
		c.scales[i%classes] = max(c.scales[i%classes], float32(math.Abs(float64(w))/math.MaxInt8))
	}
	for i, w := range p.weights[:features*classes] {
		if s := c.scales[i%classes]; s > 0 {
			c.weights[i] = int8(math.RoundToEven(float64(w / s)))
		}
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

// Predict returns the n most probable labels, the most probable first, ties by name (out of scope last). The
// probabilities of all labels add up to one. Where the examples had texts out of scope, that label is one of them: its
// probability is that of "none of these".
// Only the first 4,000 characters count; a text without letters and digits gets no predictions.
func (c *Classifier) Predict(text string, n int) []Prediction {
	if n <= 0 {
		return nil
	}
	found := extract(text)
	if len(found[blockGrams])+len(found[blockWords]) == 0 {
		return nil
	}
	probabilities := c.calibration.probabilities(c.judge(found), make([]float64, c.inScope, len(c.labels)))
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
	predictions := make([]Prediction, min(n, len(order)))
	for i := range predictions {
		predictions[i] = Prediction{Intent: c.labels[order[i]], Probability: probabilities[order[i]]}
	}
	return predictions
}

func (c *Classifier) judge(text occurrences) judgement {
	known, coverage := text.rows(c.vocabulary.find)
	classes := len(c.bias)
	scores := make([]float32, classes)
	for _, t := range weigh(known, c.idf) {
		row := c.weights[int(t.index)*classes:][:len(scores)] // the same length by construction: no bounds check below
		for k, w := range row {
			scores[k] += t.value * float32(w)
		}
	}
	for k := range scores {
		scores[k] = scores[k]*c.scales[k] + c.bias[k]
	}
	j := judgement{coverage: coverage, scores: scores[:c.inScope]}
	if c.inScope < len(c.labels) {
		j.outside = float64(scores[classes-1])
	}
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
