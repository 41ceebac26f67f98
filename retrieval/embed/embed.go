// Package embed is the built-in embedder: it needs no network, no key and no model file, and gives the same vector for the
// same text on every machine.
//
// It hashes word stems, parts of words and termbase concepts into a fixed number of dimensions (feature hashing,
// Weinberger et al. 2009), so texts are close when they share any of these. It understands no meaning beyond the termbase:
// it is the offline default and the fallback, and sits behind the same func as any other model.
package embed

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// Name identifies the features, their weights and the hash. Raise its number with any change that moves a vector.
const Name = "builtin-1"

// Dimensions is the length of a vector.
const Dimensions = 1024

// Weights of the kinds of features. A part of a word counts less than the word because a word has many.
const (
	conceptWeight = 1.5
	gramWeight    = 0.5
	stopWeight    = 0.1
	wordWeight    = 1.0
)

// FNV-1a over 64 bits, written out: the hash is called for every feature and must not allocate.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// gramRunes is the length of a part of a word in runes; "<" and ">" mark where the word begins and ends.
const gramRunes = 4

// Embedder makes vectors. It is immutable and safe for concurrent use.
type Embedder struct {
	analyzer *lexical.Analyzer
}

// New returns an embedder whose features are the terms of analyzer.
func New(analyzer *lexical.Analyzer) *Embedder {
	return &Embedder{analyzer: analyzer}
}

// Name names the model together with the termbase it was built with: vectors of another termbase do not compare.
func (e *Embedder) Name() string { return Name + "-" + e.analyzer.Fingerprint() }

// Embed returns one vector of length Dimensions for each text, of unit length, or all zero but for the first component
// where a text has no feature (a zero vector has no cosine). It fails only when ctx is done.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vectors[i] = e.vector(text)
	}
	return vectors, nil
}

func (e *Embedder) vector(text string) []float32 {
	sum := make([]float64, Dimensions)
	grams := make(map[string]float64)
	counts := e.analyzer.Document(text).Counts
	// In one order: the sum of floating-point numbers depends on it.
	for _, term := range slices.Sorted(maps.Keys(counts)) {
		count := counts[term]
		weight := wordWeight
		switch {
		case strings.HasPrefix(term, lexical.ConceptPrefix):
			weight = conceptWeight
		case e.analyzer.Stop(term):
			weight = stopWeight
		case utf8.RuneCountInString(term) >= gramRunes:
			for _, g := range parts(term) {
				grams[g] += float64(count)
			}
		}
		add(sum, term, weight*math.Sqrt(float64(count)))
	}
	for _, g := range slices.Sorted(maps.Keys(grams)) {
		add(sum, g, gramWeight*math.Sqrt(grams[g]))
	}
	return normalize(sum)
}

// add adds weight to the component that feature hashes to, with a sign from the hash, so that collisions cancel out on
// average instead of piling up.
func add(sum []float64, feature string, weight float64) {
	bits := uint64(fnvOffset)
	for i := range len(feature) {
		bits = (bits ^ uint64(feature[i])) * fnvPrime
	}
	bits ^= bits >> 29 // FNV's low bits alone are weak for short keys
	bits *= 0xbf58476d1ce4e5b9
	bits ^= bits >> 32
	if bits&(1<<63) != 0 {
		weight = -weight
	}
	sum[bits%Dimensions] += weight
}

// parts returns the n-grams of a term.
func parts(term string) []string {
	marked := "<" + term + ">"
	var starts []int
	for i := range marked {
		starts = append(starts, i)
	}
	starts = append(starts, len(marked))
	grams := make([]string, 0, len(starts))
	for i := 0; i+gramRunes < len(starts); i++ {
		grams = append(grams, marked[starts[i]:starts[i+gramRunes]])
	}
	return grams
}

func normalize(sum []float64) []float32 {
	var squares float64
	for _, x := range sum {
		squares += x * x
	}
	vector := make([]float32, len(sum))
	if squares == 0 {
		vector[0] = 1
		return vector
	}
	scale := 1 / math.Sqrt(squares)
	for i, x := range sum {
		vector[i] = float32(x * scale)
	}
	return vector
}
