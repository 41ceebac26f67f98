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

// Cross-validation is in three parts, and ends early with as many judgements as the calibration needs: it fits a dozen
// numbers, and each part costs as much as two thirds of the model.
const folds, enoughJudged = 3, 15000

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
	judgements, multipliers := set.crossValidate()
	m := set.fit(all, multipliers) // each example's share in a model of two thirds is nearly what it is in the whole
	return newClassifier(classifierParts{
		calibration: fitCalibration(judgements, set.never), embedder: opts.Embedder, fingerprint: fingerprint(examples, opts),
		idf: m.idf, labels: labels, never: set.never, outOfScope: opts.OutOfScope, vocabulary: m.vocabulary, weights: m.weights,
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
		h.Write(fmt.Appendf(nil, "\n%q %q %q", e.Intent, e.Origin, e.Text))
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
	dense   [][]float32
	inScope int
	labels  []int
	names   []string
	// never marks the labels in scope that are Options.Never.
	never   []bool
	opts    Options
	origins []string
	texts   []occurrences
}

func newTrainingSet(examples []Example, names []string, opts Options) *trainingSet {
	index := make(map[string]int, len(names))
	for i, name := range names {
		index[name] = i
	}
	s := &trainingSet{inScope: countInScope(names, opts.OutOfScope), names: names, opts: opts}
	for _, name := range names[:s.inScope] {
		s.never = append(s.never, slices.Contains(opts.Never, name))
	}
	for _, e := range examples {
		s.origins = append(s.origins, e.Origin)
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
	// weights is [feature][column], then [dimension][column], and a last row for the bias.
	weights []float32
}

// columns is the number of linear classifiers: one for each label, and one for all of Options.Never together.
func (s *trainingSet) columns() int { return len(s.names) + 1 }

// belongs reports whether an example with a label is a positive one for a column.
func (s *trainingSet) belongs(column, label int) bool {
	if column < len(s.names) {
		return column == label
	}
	return label < s.inScope && s.never[label]
}

// fit trains on the examples with the given positions. multipliers, of every column and example, is where it starts and
// is left at what it found.
func (s *trainingSet) fit(positions []int, multipliers [][]float32) linearModel {
	vocabulary, idf := s.vocabulary(positions)
	solve := solver{
		columns: s.columns(), cost: s.opts.Cost, dimensions: len(s.dense[0]), features: len(idf), positive: s.belongs,
		seed: s.opts.Seed, workers: runtime.GOMAXPROCS(0),
	}
	for _, i := range positions {
		known, _ := s.texts[i].rows(vocabulary.find)
		solve.examples = append(solve.examples, sample{dense: s.dense[i], terms: weigh(known, idf)})
		solve.labels = append(solve.labels, s.labels[i])
	}
	for _, column := range multipliers {
		start := make([]float32, len(positions))
		for n, i := range positions {
			start[n] = column[i]
		}
		solve.alpha = append(solve.alpha, start)
	}
	m := linearModel{idf: idf, vocabulary: vocabulary, weights: solve.solve()}
	for k, column := range multipliers {
		for n, i := range positions {
			column[i] = solve.alpha[k][n]
		}
	}
	return m
}

// zeros are the multipliers of a fit that starts from nothing.
func (s *trainingSet) zeros() [][]float32 {
	multipliers := make([][]float32, s.columns())
	for k := range multipliers {
		multipliers[k] = make([]float32, len(s.texts))
	}
	return multipliers
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

// crossValidate judges examples by a model that was trained without them, and without the same messages in any other
// language: else what it says of an unseen message would be too good. It also returns the multipliers of the last such model.
func (s *trainingSet) crossValidate() ([]judgement, [][]float32) {
	fold := s.foldOf()
	var judgements []judgement
	var multipliers [][]float32
	for left := 0; left < folds && len(judgements) < enoughJudged; left++ {
		var kept []int
		for i, f := range fold {
			if f != left {
				kept = append(kept, i)
			}
		}
		multipliers = s.zeros()
		m := s.fit(kept, multipliers)
		for i, f := range fold {
			if f == left {
				judgements = append(judgements, s.judge(m, i))
			}
		}
	}
	return judgements, multipliers
}

// foldOf puts every example into a fold, those of one origin into the same.
func (s *trainingSet) foldOf() []int {
	random := rand.New(rand.NewPCG(s.opts.Seed, 1)) //nolint:gosec // the same seed must give the same model
	fold := make([]int, len(s.texts))
	byOrigin := make(map[string]int)
	for n, i := range random.Perm(len(s.texts)) {
		fold[i] = n % folds
		if origin := s.origins[i]; origin != "" {
			if _, seen := byOrigin[origin]; !seen {
				byOrigin[origin] = fold[i]
			}
			fold[i] = byOrigin[origin]
		}
	}
	return fold
}

func (s *trainingSet) judge(m linearModel, i int) judgement {
	columns := s.columns()
	known, coverage := s.texts[i].rows(m.vocabulary.find)
	scores := slices.Clone(m.weights[len(m.weights)-columns:])
	for _, t := range weigh(known, m.idf) {
		row := m.weights[int(t.index)*columns:]
		for c := range scores {
			scores[c] += float32(t.value * row[c])
		}
	}
	for d, v := range s.dense[i] {
		row := m.weights[(len(m.idf)+d)*columns:]
		for c := range scores {
			scores[c] += float32(v * row[c])
		}
	}
	j := newJudgement(scores, s.inScope)
	j.coverage, j.label = coverage, s.labels[i]
	if j.label >= s.inScope {
		j.label = -1
	}
	return j
}
