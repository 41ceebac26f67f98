package retrieval

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// rankEmbedded is how many texts at most get a vector in one ranking: the best by their words. A model over a network is paid by
// the text.
const rankEmbedded = 48

// rankPrior is how many texts without any of the terms are taken to stand beside those that are ranked: among two or three texts
// a word that all of them have would otherwise count for nothing.
const rankPrior = 10

// Text is something that is no passage of an article, with its language as a BCP 47 tag; empty when it is not known.
type Text struct {
	Body   string
	Locale string
}

// Ranked is how well a text fits a question.
type Ranked struct {
	Coverage   float64 // share of what was asked for that the text has, 0 to 1, rare words counting more
	Index      int     // of the text, as it was given
	Score      float64 // mean of Coverage and Similarity: 0 to 1, comparable within one ranking
	Similarity float64 // cosine, 0 where it is negative or not known
}

// Rank orders texts by how well they fit a question, the best first, as Search judges passages: by words and the glossary's
// concepts across languages, and by meaning. Nothing is stored. Where the embedding model cannot be called, words decide alone.
func (x *Index) Rank(ctx context.Context, question Text, texts []Text) []Ranked {
	ranked := x.rankByWords(question, texts)
	near := ranked[:min(len(ranked), rankEmbedded)]
	bodies := []string{question.Body}
	for _, r := range near {
		bodies = append(bodies, texts[r.Index].Body)
	}
	vectors, err := x.model.embedAll(ctx, bodies)
	for i := range ranked {
		ranked[i].Score = ranked[i].Coverage / 2
	}
	if err != nil {
		return ranked
	}
	asked := unit(vectors[0])
	for i := range near {
		near[i].Similarity = max(0, float64(dot(asked, unit(vectors[i+1]))))
		near[i].Score = (near[i].Coverage + near[i].Similarity) / 2
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.Score, a.Score) })
	return ranked
}

// rankByWords orders texts by the share of the question that they cover. Rarity is counted within the texts.
func (x *Index) rankByWords(question Text, texts []Text) []Ranked {
	s := statistics{passages: rankPrior + float64(len(texts)), with: make(map[int32]float64)}
	has := make([][]int32, len(texts))
	for i, text := range texts {
		for term := range maps.Keys(x.analyzer.Document(text.Body, text.Locale).Counts) {
			id := lexical.ID(term)
			has[i] = append(has[i], id)
			s.with[id]++
		}
	}
	terms := weighedTerms{asked: newQueryTerms(x.analyzer.Query(question.Body, question.Locale)), statistics: s}
	ranked := make([]Ranked, len(texts))
	for i := range texts {
		ranked[i] = Ranked{Coverage: terms.coverage(has[i]), Index: i}
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.Coverage, a.Coverage) })
	return ranked
}
