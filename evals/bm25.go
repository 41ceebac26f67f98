package evals

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The usual constants of Okapi BM25 (Robertson and Zaragoza 2009, The Probabilistic Relevance Framework).
const (
	plainK1 = 1.2
	plainB  = 0.75
)

// posting is how often a term occurs in one of the texts.
type posting struct {
	count float64
	text  int
}

// plainBM25 is the baseline that a search has to beat: textbook BM25 over whole texts, without stems, stop words or a
// glossary. It shares no code with retrieval, on purpose: what both got wrong would not show.
type plainBM25 struct {
	lengths  []float64 // in terms
	mean     float64
	postings map[string][]posting
}

func newPlainBM25(texts []string) *plainBM25 {
	b := &plainBM25{lengths: make([]float64, len(texts)), postings: make(map[string][]posting)}
	for i, text := range texts {
		terms := plainTerms(text)
		counts := make(map[string]float64)
		for _, term := range terms {
			counts[term]++
		}
		for term, count := range counts {
			b.postings[term] = append(b.postings[term], posting{count: count, text: i})
		}
		b.lengths[i] = float64(len(terms))
		b.mean += b.lengths[i] / float64(len(texts))
	}
	return b
}

// rank returns the numbers of the texts that have a term of the question, best first; equal scores stay in the order of
// the texts.
func (b *plainBM25) rank(question string) []int {
	scores := b.scores(question)
	var order []int
	for i, score := range scores {
		if score > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(scores[y], scores[x]) })
	return order
}

func (b *plainBM25) scores(question string) []float64 {
	scores := make([]float64, len(b.lengths))
	for _, term := range plainTerms(question) {
		postings := b.postings[term]
		with := float64(len(postings))
		// Never negative, as in Lucene.
		rarity := math.Log(1 + (float64(len(b.lengths))-with+0.5)/(with+0.5))
		for _, p := range postings {
			length := 1 - plainB + plainB*b.lengths[p.text]/b.mean
			scores[p.text] += rarity * p.count * (plainK1 + 1) / (p.count + plainK1*length)
		}
	}
	return scores
}

// baseline ranks the keys for a question with plain BM25 over whole articles.
func (c Collection) baseline() func(question string) []string {
	texts := make([]string, len(c.Articles))
	for i, row := range c.Articles {
		texts[i] = row.Body
		if c.titles {
			texts[i] = row.Title + "\n" + row.Body
		}
	}
	plain := newPlainBM25(texts)
	return func(question string) []string {
		var keys []string
		for _, i := range plain.rank(question) {
			if key := c.Articles[i].Key; !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
			if len(keys) == retrievalDepth {
				break
			}
		}
		return keys
	}
}

// plainTerms cuts a text in NFKC and lower case into words, and what is written in Han, kana, Thai or Hangul into bigrams
// of characters. Such a character that stands alone is a term.
func plainTerms(text string) []string {
	var terms []string
	var run []rune
	inBigrams := false
	end := func() {
		switch {
		case len(run) == 0:
		case !inBigrams || len(run) == 1:
			terms = append(terms, string(run))
		default:
			for i := range len(run) - 1 {
				terms = append(terms, string(run[i:i+2]))
			}
		}
		run = run[:0]
	}
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		bigrams := r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
		switch {
		case bigrams || unicode.IsLetter(r) || unicode.IsNumber(r):
			if bigrams != inBigrams {
				end()
			}
			inBigrams = bigrams
			run = append(run, r)
		case unicode.IsMark(r) && len(run) > 0:
			run = append(run, r) // a vowel sign belongs to the letter before it
		default:
			end()
		}
	}
	end()
	return terms
}
