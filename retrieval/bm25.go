package retrieval

import (
	"math"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// The usual constants of Okapi BM25 (Robertson and Zaragoza 2009).
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// referenceLength stands in for the mean length of a passage in a language that has none, in terms.
const referenceLength = 120

// What a question's terms count: a concept as much as a word, a word without topic less (full weight costs 0 to 3 points
// of recall@5 on the development sets, none at all costs 1). titleRepeats is how often a title counts besides the once
// that it is part of every passage's text: people ask in the words of titles.
const (
	conceptWeight = 1.0
	stopWeight    = 0.3
	titleRepeats  = 2
)

// saturated is the part of BM25 that depends on the passage.
func saturated(frequency, length, meanLength float64) float64 {
	return frequency * (bm25K1 + 1) / (frequency + bm25K1*(1-bm25B+bm25B*length/meanLength))
}

// inverseFrequency weighs a term by how rare it is; it is never negative (as in Lucene).
func inverseFrequency(passagesWithTerm, passages float64) float64 {
	return math.Log(1 + (passages-passagesWithTerm+0.5)/(passagesWithTerm+0.5))
}

// statistics are what BM25 needs to know of one language of the knowledge base.
type statistics struct {
	meanLength float64
	passages   float64
	// with is in how many passages a term occurs, by its number.
	with map[int32]float64
}

func (s statistics) idf(term int32) float64 { return inverseFrequency(s.with[term], s.passages) }

// queryTerms is a question as it is scored.
type queryTerms struct {
	// counts is how often each term or concept is asked for, by its number.
	counts map[int32]float64
	names  map[int32]string
	units  []lexical.Unit
}

func newQueryTerms(units []lexical.Unit) queryTerms {
	q := queryTerms{counts: make(map[int32]float64), names: make(map[int32]string), units: units}
	for _, u := range units {
		id := lexical.ID(u.Term)
		asked := float64(u.Count)
		if u.Stop {
			asked *= stopWeight
		}
		q.counts[id], q.names[id] = asked, u.Term
		for _, concept := range u.Concepts {
			id := lexical.ID(concept)
			q.counts[id], q.names[id] = conceptWeight, concept
		}
	}
	return q
}
