package retrieval

import (
	"cmp"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/passage"
)

// Sizes of the second stage.
const (
	// secondDepth is how many passages are looked at again: time grows with their number. 40 found no more on the development sets.
	secondDepth = 20
	// maxAsked is how many words of a question are aligned, those that say most: time grows with their number.
	maxAsked = 12
	// Caches of what does not depend on the question: by their sizes some 15 and 10 MB when they are full, not measured.
	cachedTexts = 2048
	cachedWords = 32 << 10
)

// WeighFunc sets out to the vector of a text, of length 1, and returns how much the text says: 0 where it is unknown.
type WeighFunc func(text string, out []float32) (weight float64)

// SecondStage is what a closer look at a passage found. All are in standard deviations of the passages looked at.
type SecondStage struct {
	// Behind is set for a passage in the question's language that stands behind the articles whose order the second stage decides:
	// what it found there does not count, and the fused score may be lower than First to keep the passage there.
	Behind bool
	// Alignment is how well each word of the question has its like in the passage, in whatever language: the mean over the
	// question's words, by weight, of the nearest word's cosine (the late interaction of Khattab and Zaharia 2020, with static vectors).
	Alignment float64
	// Crowding is how near the passage is to the others that were looked at. What is near to everything is near to the question by
	// chance.
	Crowding float64
	// First is the fused score before, by which the passages were chosen. It is no standard deviation.
	First float64
	// Looked is set when the passage was looked at. Else all findings are 0.
	Looked bool
	// Sentence is the cosine of the question and the nearest sentence, the title being one.
	Sentence float64
}

// second looks at the best passages again, at their sentences and words. Its vectors come from a model in this program: it
// must not cost a call. It is safe for concurrent use.
type second struct {
	analyzer   *lexical.Analyzer
	dimensions int
	texts      *lru.Cache[textKey, *lookedText]
	weigh      WeighFunc
	weights    FittedWeights
	words      *lru.Cache[string, *weighedWord]
}

// newSecond returns nil for a model that cannot weigh words: its hits stay in the order of the first stage.
func newSecond(analyzer *lexical.Analyzer, model EmbeddingModel) (*second, error) {
	if model.Weigh == nil {
		return nil, nil //nolint:nilnil // nil is a stage that does nothing
	}
	texts, err := lru.New[textKey, *lookedText](cachedTexts)
	if err != nil {
		return nil, err
	}
	words, err := lru.New[string, *weighedWord](cachedWords)
	if err != nil {
		return nil, err
	}
	weights, err := fitted()
	if err != nil {
		return nil, err
	}
	return &second{
		analyzer: analyzer, dimensions: model.Dimensions, texts: texts, weigh: model.Weigh, weights: weights, words: words,
	}, nil
}

// look sets what the second stage finds in the first passages, and their fused scores, and sorts all again.
func (s *second) look(question string, candidates []*candidate) {
	for _, c := range candidates {
		c.second = SecondStage{First: c.fused}
	}
	if s == nil {
		return
	}
	top := candidates[:min(len(candidates), secondDepth)]
	vector, words := s.vector(question), newAlignment(s.asked(question))
	texts := make([]*lookedText, len(top))
	for i, c := range top {
		texts[i] = s.text(c.row)
	}
	together := sumOf(texts, s.dimensions)
	for i, c := range top {
		c.second.Looked = true
		c.second.Sentence = nearestOf(vector, texts[i].sentences)
		c.second.Alignment = words.of(texts[i].words)
		c.second.Crowding = crowding(texts[i], together, len(texts))
	}
	sentence := standardise(top, func(c *candidate) float64 { return c.second.Sentence })
	alignment := standardise(top, func(c *candidate) float64 { return c.second.Alignment })
	crowded := standardise(top, func(c *candidate) float64 { return c.second.Crowding })
	for i, c := range top {
		c.second.Sentence, c.second.Alignment, c.second.Crowding = sentence[i], alignment[i], crowded[i]
	}
	s.weights.settle(candidates)
	byFused(candidates)
}

// SecondWeights are what the findings of the second stage count beside the score of the first.
type SecondWeights struct {
	Alignment float64 `json:"alignment"`
	Crowding  float64 `json:"crowding"`
	Sentence  float64 `json:"sentence"`
}

// Score is the fused score with these weights. A passage that stands behind keeps its own.
func (s SecondStage) Score(w SecondWeights) float64 {
	if s.Behind {
		return s.First
	}
	return s.First + w.Alignment*s.Alignment + w.Crowding*s.Crowding + w.Sentence*s.Sentence
}

func (s *second) vector(text string) []float32 {
	vector := make([]float32, s.dimensions)
	s.weigh(text, vector)
	return vector
}

// weighedWord is a word of a text.
type weighedWord struct {
	vector rounded
	weight float64 // 0 for a word that says nothing
}

// weighed returns the words of a text that say something.
func (s *second) weighed(text string) []*weighedWord {
	names := cutWords(s.analyzer.Fold(text))
	words := make([]*weighedWord, 0, len(names))
	vector := make([]float32, s.dimensions)
	for _, name := range names {
		word, ok := s.words.Get(name)
		if !ok {
			word = &weighedWord{weight: s.weigh(name, vector)}
			word.vector = round(vector)
			s.words.Add(name, word)
		}
		if word.weight > 0 {
			words = append(words, word)
		}
	}
	return words
}

// asked returns the words of a question that say most.
func (s *second) asked(question string) []*weighedWord {
	words := s.weighed(question)
	slices.SortStableFunc(words, func(a, b *weighedWord) int { return cmp.Compare(b.weight, a.weight) })
	return words[:min(len(words), maxAsked)]
}

// textKey tells passages apart: what a passage says never changes under one id but with the article's version.
type textKey struct {
	passage int64
	version int
}

// lookedText is a passage as the second stage sees it.
type lookedText struct {
	sentences [][]float32
	vector    []float32
	words     []*weighedWord
}

func (s *second) text(row *candidateRow) *lookedText {
	key := textKey{passage: row.PassageID, version: row.Version}
	if text, ok := s.texts.Get(key); ok {
		return text
	}
	headings := strings.Join(append([]string{row.Title}, row.HeadingPath...), "\n")
	text := &lookedText{vector: s.vector(row.Body), words: s.weighed(headings + "\n" + row.Body)}
	for _, part := range append(strings.Split(headings, "\n"), passage.Sentences(row.Body)...) {
		vector := make([]float32, s.dimensions)
		if s.weigh(part, vector) > 0 {
			text.sentences = append(text.sentences, vector)
		}
	}
	s.texts.Add(key, text)
	return text
}

// nearestOf is the cosine of a vector and the nearest of others, 0 when there is none.
func nearestOf(vector []float32, others [][]float32) float64 {
	best := float32(0)
	for _, other := range others {
		best = max(best, dot(vector, other))
	}
	return float64(best)
}

// alignment aligns the words of one question with those of passages, which have many words in common.
type alignment struct {
	asked   []*weighedWord
	best    []float32
	cosines map[*weighedWord][]float32 // of a passage's word with each of asked
	room    []float32                  // for further cosines
}

// usualWords is about how many different words the passages have that one question is held against.
const usualWords = 1000

func newAlignment(asked []*weighedWord) *alignment {
	return &alignment{
		asked: asked, best: make([]float32, len(asked)), cosines: make(map[*weighedWord][]float32, usualWords),
		room: make([]float32, usualWords*len(asked)),
	}
}

// with returns the cosines of a passage's word with each of the question's.
func (a *alignment) with(word *weighedWord) []float32 {
	if cosines, ok := a.cosines[word]; ok {
		return cosines
	}
	n := len(a.asked)
	if len(a.room) < n {
		a.room = make([]float32, usualWords*n)
	}
	cosines := a.room[:n:n]
	a.room = a.room[n:]
	for i, asked := range a.asked {
		cosines[i] = asked.vector.cosine(&word.vector)
	}
	a.cosines[word] = cosines
	return cosines
}

// of is the mean over the question's words, by weight, of the cosine with the nearest of words.
func (a *alignment) of(words []*weighedWord) float64 {
	clear(a.best)
	for _, word := range words {
		for i, cosine := range a.with(word) {
			a.best[i] = max(a.best[i], cosine)
		}
	}
	var all, found float64
	for i, asked := range a.asked {
		all += asked.weight
		found += asked.weight * float64(a.best[i])
	}
	if all == 0 {
		return 0
	}
	return found / all
}

// sumOf adds up the vectors of passages.
func sumOf(texts []*lookedText, dimensions int) []float32 {
	sum := make([]float32, dimensions)
	for _, text := range texts {
		for i, x := range text.vector {
			sum[i] += x
		}
	}
	return sum
}

// crowding is the mean cosine of a passage and the others, of n whose vectors' sum is together.
func crowding(text *lookedText, together []float32, n int) float64 {
	others := dot(text.vector, together) - dot(text.vector, text.vector)
	return float64(others) / float64(max(n-1, 1))
}

// dot is the inner product, added up in four lanes, which do not wait for each other.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		x, y := a[:4:4], b[:4:4]
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
