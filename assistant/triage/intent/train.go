package intent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
)

// Options tune Train. The zero value is good for a few thousand short texts.
type Options struct {
	// Cost is the price of a training error against that of large weights; 0 means 0.5.
	Cost float64
	// Embedder adds a vector to every text's features; nil adds none.
	Embedder Embedder
	// MinCount is the number of examples that a feature must occur in; 0 means 2.
	MinCount int
	// Never are the labels that no machine may answer: Opinion.Person is their probability.
	Never []string
	// OutOfScope is the label of examples that belong to no class; "" means the constant OutOfScope.
	OutOfScope string
	// Seed fixes the order in which examples are looked at.
	Seed uint64
}

// folds is the number of parts in cross-validation.
const folds = 4

// Train fits a classifier. The result depends on the examples, their order and opts alone. It takes about a second for
// 4,000 short texts with 80 labels on one core. Errors: fewer than two labels in scope, an example without text or label.
func Train(examples []Example, opts Options) (*Classifier, error) {
	opts = opts.withDefaults()
	labels, err := labelsOf(examples, opts)
	if err != nil {
		return nil, fmt.Errorf("train intent classifier: %w", err)
	}
	set := newTrainingSet(examples, labels, opts)
	all := make([]int, len(examples))
	for i := range all {
		all[i] = i
	}
	m := set.fit(all)
	never := make([]bool, countInScope(labels, opts.OutOfScope))
	for i := range never {
		never[i] = slices.Contains(opts.Never, labels[i])
	}
	return newClassifier(classifierParts{
		calibration: fitCalibration(set.crossValidate(), never), embedder: opts.Embedder, fingerprint: fingerprint(examples, opts),
		idf: m.idf, labels: labels, never: never, outOfScope: opts.OutOfScope, vocabulary: m.vocabulary, weights: m.weights,
	}), nil
}

func (o Options) withDefaults() Options {
	if o.Cost == 0 {
		o.Cost = 0.5
	}
	if o.MinCount == 0 {
		o.MinCount = 2
	}
	if o.OutOfScope == "" {
		o.OutOfScope = OutOfScope
	}
	return o
}

// fingerprint hashes all that Train learns from.
func fingerprint(examples []Example, opts Options) string {
	h := sha256.New()
	h.Write(fmt.Appendf(nil, "%v %q %d %q %q %d %q", opts.Cost, embedderName(opts.Embedder), opts.MinCount, opts.Never,
		opts.OutOfScope, opts.Seed, lexiconText))
	for _, e := range examples {
		h.Write(fmt.Appendf(nil, "\n%q %q", e.Intent, e.Text))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// labelsOf returns the labels in alphabetical order, the out-of-scope label last where it occurs.
func labelsOf(examples []Example, opts Options) ([]string, error) {
	var labels []string
	seen := make(map[string]bool)
	for i, e := range examples {
		if e.Intent == "" || strings.TrimSpace(e.Text) == "" {
			return nil, fmt.Errorf("example %d has no text or no intent", i)
		}
		if !seen[e.Intent] {
			seen[e.Intent] = true
			labels = append(labels, e.Intent)
		}
	}
	slices.Sort(labels)
	if i := slices.Index(labels, opts.OutOfScope); i >= 0 {
		labels = append(slices.Delete(labels, i, i+1), opts.OutOfScope)
	}
	if len(labels) > maxDecodedLabels {
		return nil, fmt.Errorf("examples have %d intents, more than %d", len(labels), maxDecodedLabels)
	}
	if len(labels) < 2 || len(labels) == 2 && labels[1] == opts.OutOfScope {
		return nil, errors.New("examples have fewer than two intents")
	}
	return labels, nil
}

// trainingSet is the examples after feature extraction.
type trainingSet struct {
	dense  [][]float32
	labels []int
	names  []string
	opts   Options
	texts  []occurrences
}

func newTrainingSet(examples []Example, names []string, opts Options) *trainingSet {
	index := make(map[string]int, len(names))
	for i, name := range names {
		index[name] = i
	}
	s := &trainingSet{names: names, opts: opts}
	for _, e := range examples {
		s.dense = append(s.dense, vectorOf(opts.Embedder, e.Text))
		s.texts = append(s.texts, extract(e.Text))
		s.labels = append(s.labels, index[e.Intent])
	}
	return s
}

// linearModel is a fitted model before it is packed into a Classifier.
type linearModel struct {
	idf []float32
	// vocabulary holds the features' hashes; a hash's position is its row in weights and idf.
	vocabulary vocabulary
	// weights is [feature][class], then [dimension][class], and a last row for the bias.
	weights []float32
}

// fit trains on the examples with the given positions.
func (s *trainingSet) fit(positions []int) linearModel {
	vocabulary, idf := s.vocabulary(positions)
	solve := solver{
		classes: len(s.names), cost: s.opts.Cost, dimensions: len(s.dense[0]), features: len(idf), seed: s.opts.Seed,
		workers: runtime.GOMAXPROCS(0),
	}
	for _, i := range positions {
		known, _ := s.texts[i].rows(vocabulary.find)
		solve.examples = append(solve.examples, sample{dense: s.dense[i], terms: weigh(known, idf)})
		solve.labels = append(solve.labels, s.labels[i])
	}
	return linearModel{idf: idf, vocabulary: vocabulary, weights: solve.solve()}
}

// vocabulary numbers the features that occur often enough, in the order of their hashes, with their weights.
func (s *trainingSet) vocabulary(positions []int) (vocabulary, []float32) {
	counts := make(map[uint32]int)
	last := make(map[uint32]int)
	for _, i := range positions {
		for _, block := range s.texts[i] {
			for _, h := range block {
				if last[h] != i+1 {
					last[h] = i + 1
					counts[h]++
				}
			}
		}
	}
	var hashes []uint32
	for h, n := range counts {
		if n >= s.opts.MinCount {
			hashes = append(hashes, h)
		}
	}
	slices.Sort(hashes)
	idf := make([]float32, len(hashes))
	for i, h := range hashes {
		idf[i] = float32(1 + math.Log(float64(1+len(positions))/float64(1+counts[h])))
	}
	return newVocabulary(hashes), idf
}

// crossValidate judges every example by a model that was trained without it.
func (s *trainingSet) crossValidate() []judgement {
	order := rand.New(rand.NewPCG(s.opts.Seed, 1)).Perm(len(s.texts)) //nolint:gosec // the same seed must give the same model
	inScope := countInScope(s.names, s.opts.OutOfScope)
	judgements := make([]judgement, len(s.texts))
	for fold := range folds {
		var kept []int
		for n, i := range order {
			if n%folds != fold {
				kept = append(kept, i)
			}
		}
		m := s.fit(kept)
		for n, i := range order {
			if n%folds == fold {
				judgements[i] = s.judge(m, i, inScope)
			}
		}
	}
	return judgements
}

func (s *trainingSet) judge(m linearModel, i, inScope int) judgement {
	classes := len(s.names)
	known, coverage := s.texts[i].rows(m.vocabulary.find)
	j := judgement{coverage: coverage, label: s.labels[i]}
	scores := slices.Clone(m.weights[len(m.weights)-classes:])
	for _, t := range weigh(known, m.idf) {
		row := m.weights[int(t.index)*classes:]
		for c := range scores {
			scores[c] += float32(t.value * row[c])
		}
	}
	for d, v := range s.dense[i] {
		row := m.weights[(len(m.idf)+d)*classes:]
		for c := range scores {
			scores[c] += float32(v * row[c])
		}
	}
	j.scores = scores[:inScope]
	if inScope < classes {
		j.outside = float64(scores[inScope])
	}
	if j.label >= inScope {
		j.label = -1
	}
	return j
}
