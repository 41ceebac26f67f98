package retrieval

import (
	"cmp"
	"math"
	"slices"
)

// Weights of the first stage's fused score, in standard deviations of the candidates' scores; the words have what the vectors leave. Chosen
// for the built-in embedder on the public FAQ sets of bitcoin.org and ethereum.org (bodies only, recall@5, same language and across) and on
// testdata/questions.tsv: anything from 0.3 to 0.5 for the vectors is within a point.
const (
	denseWeight = 0.4
	// denseAcross is the weight of the vectors for an article in another language, whose words say little. Measured on the same
	// sets, questions in 13 languages and English articles: 0.4 gives a recall@5 of 0.59, 0.7 and 0.8 of 0.61 to 0.63.
	denseAcross = 0.75
	// localeBoost lets an article in the customer's language win unless another is clearly better; relatedBoost is for the
	// other script of Chinese. Versions of one article never compete: they collapse first.
	localeBoost  = 0.5
	relatedBoost = 0.35
	// intentBoost is what a certain intent is worth. It is several standard deviations, because the intent classifier reads
	// what a question is about far better than words in common do, and it shrinks with the classifier's own doubt, so that
	// a wrong guess does not hide the answer. Chosen on evals/suites/calibration.yaml.
	intentBoost = 4
	// sideIntent is what an intent counts that an article lists behind its first: it touches the topic and is about another.
	sideIntent = 0.6
)

// candidate is a passage that one of the searches found, with both scores.
type candidate struct {
	bm25        float64
	denseRank   int
	fused       float64
	has         []int32 // the question's terms that it has
	intent      float64 // probability of the likeliest intent that the article answers
	intentMatch bool
	language    LanguageMatch
	lexicalRank int
	read        bool // row has its text
	row         *candidateRow
	second      SecondStage
	similarity  float64
	terms       *weighedTerms // in its language
}

// fuse sets the ranks and the fused score of all candidates and sorts them, best first; the second stage then looks at the
// first of them again. Equal scores are ordered by id, so
// that the same question always gets the same answer. Without the embedding model no candidate has a similarity, and the
// words decide alone.
func fuse(candidates []*candidate) {
	rank(candidates, func(c *candidate) float64 { return c.bm25 }, func(c *candidate, r int) { c.lexicalRank = r })
	bm25 := standardise(candidates, func(c *candidate) float64 { return c.bm25 })
	rank(candidates, func(c *candidate) float64 { return c.similarity }, func(c *candidate, r int) { c.denseRank = r })
	similarity := standardise(candidates, func(c *candidate) float64 { return c.similarity })
	for i, c := range candidates {
		dense := denseWeight
		if c.language == LanguageOther {
			dense = denseAcross
		}
		c.fused = (1-dense)*bm25[i] + dense*similarity[i]
		switch c.language {
		case LanguageExact:
			c.fused += localeBoost
		case LanguageRelated:
			c.fused += relatedBoost
		case LanguageOther, LanguageUnknown:
		}
		c.fused += intentBoost * c.intent
	}
	byFused(candidates)
}

// byFused sorts candidates, best first.
func byFused(candidates []*candidate) {
	slices.SortFunc(candidates, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.fused, a.fused), cmp.Compare(a.row.PassageID, b.row.PassageID))
	})
}

// rank numbers the candidates that have a score, best first.
func rank(candidates []*candidate, score func(*candidate) float64, set func(*candidate, int)) {
	order := slices.Clone(candidates)
	slices.SortFunc(order, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(score(b), score(a)), cmp.Compare(a.row.PassageID, b.row.PassageID))
	})
	for i, c := range order {
		if score(c) > 0 {
			set(c, i+1)
		}
	}
}

// standardise returns the z-scores, all zero where the scores do not differ.
func standardise(candidates []*candidate, score func(*candidate) float64) []float64 {
	z := make([]float64, len(candidates))
	n := float64(len(candidates))
	var mean, variance float64
	for _, c := range candidates {
		mean += score(c) / n
	}
	for _, c := range candidates {
		variance += (score(c) - mean) * (score(c) - mean) / n
	}
	// Rounding leaves a trace of variance among equal scores.
	if variance < 1e-18 {
		return z
	}
	for i, c := range candidates {
		z[i] = (score(c) - mean) / math.Sqrt(variance)
	}
	return z
}

// selection says what hits to make of candidates.
type selection struct {
	limit int
	shown []string
	today staleness
}

// collapse makes one hit of all candidates of one article, whatever their language. The version that is shown is the first
// of the preferred languages with a passage among the candidates, else the best. Candidates are sorted.
func collapse(candidates []*candidate, s selection) []Hit {
	groups := make(map[string][]*candidate)
	var order []string
	for _, c := range candidates {
		if len(groups[c.row.Slug]) == 0 {
			order = append(order, c.row.Slug)
		}
		groups[c.row.Slug] = append(groups[c.row.Slug], c)
	}
	hits := make([]Hit, 0, min(s.limit, len(order)))
	for i, slug := range order[:min(s.limit, len(order))] {
		hit := newHit(groups[slug], s)
		if i+1 < len(order) {
			hit.Evidence.Margin = groups[slug][0].fused - groups[order[i+1]][0].fused
		}
		hits = append(hits, hit)
	}
	return hits
}

// maxMore is how many further passages of an article a hit carries.
const maxMore = 6

func newHit(group []*candidate, s selection) Hit {
	best := group[0]
	for _, locale := range s.shown {
		if i := slices.IndexFunc(group, func(c *candidate) bool { return c.row.Locale == locale }); i >= 0 {
			best = group[i]
			break
		}
	}
	hit := Hit{
		Article: best.row.article(s.today),
		Evidence: Evidence{
			BM25:         best.bm25,
			Coverage:     best.terms.coverage(best.has),
			DenseRank:    best.denseRank,
			Fused:        best.fused,
			IntentMatch:  best.intentMatch,
			Language:     best.language,
			LexicalRank:  best.lexicalRank,
			MatchedTerms: best.terms.matched(best.has),
			Second:       best.second,
			Similarity:   best.similarity,
		},
		Passage: best.row.passage(),
	}
	var more []Passage
	for _, c := range group {
		if c != best && c.row.ArticleID == best.row.ArticleID {
			more = append(more, c.row.passage())
		}
	}
	slices.SortStableFunc(more, func(a, b Passage) int { return cmp.Compare(min(a.Ordinal, 1), min(b.Ordinal, 1)) })
	hit.More = more[:min(len(more), maxMore)]
	return hit
}
