package retrieval

import (
	"cmp"
	"slices"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// weighedTerms are a question's terms with what each counts in one language of the knowledge base, which is the same for all of its
// passages.
type weighedTerms struct {
	// asked is by what part of a term's number a passage's term may be one of the question's: most are not.
	asked [16]uint64
	// idfs and weights are by the terms' numbers: how rare a term is, and that times how often it is asked for.
	idfs       map[int32]float64
	names      map[int32]string
	statistics statistics
	total      float64 // of the units' weights
	units      []weighedUnit
	weights    map[int32]float64
}

// weighedUnit is a word of the question that has a topic.
type weighedUnit struct {
	ids    []int32 // of its term and its concepts
	weight float64
}

// weighed returns the terms in a language. A word without topic is no unit; a term that the language has never seen counts most.
func (q queryTerms) weighed(s statistics) weighedTerms {
	w := weighedTerms{
		idfs: make(map[int32]float64, len(q.counts)), names: q.names, statistics: s, weights: make(map[int32]float64, len(q.counts)),
	}
	for id, asked := range q.counts {
		if asked == 0 {
			continue
		}
		w.asked[bucket(id)] |= bit(id)
		w.idfs[id] = s.idf(id)
		w.weights[id] = asked * w.idfs[id]
	}
	for _, u := range q.units {
		if u.Stop {
			continue
		}
		unit := weighedUnit{ids: []int32{lexical.ID(u.Term)}}
		unit.weight = s.idf(unit.ids[0])
		for _, concept := range u.Concepts {
			id := lexical.ID(concept)
			unit.ids = append(unit.ids, id)
			// A concept's rarity is comparable across languages, a foreign word's is not.
			unit.weight = min(unit.weight, s.idf(id))
		}
		w.total += unit.weight
		w.units = append(w.units, unit)
	}
	return w
}

func bucket(id int32) uint32 { return uint32(id) >> 6 % 16 } //nolint:gosec // bits of a number, whatever its sign

func bit(id int32) uint64 { return 1 << (uint32(id) % 64) } //nolint:gosec // bits of a number, whatever its sign

// candidate returns a passage with its scores by words.
func (w weighedTerms) candidate(row *candidateRow) *candidate {
	bm25, has := w.score(row)
	c := &candidate{bm25: bm25, coverage: w.coverage(has), row: row}
	slices.SortFunc(has, func(a, b int32) int {
		return cmp.Or(cmp.Compare(w.idfs[b], w.idfs[a]), cmp.Compare(w.names[a], w.names[b]))
	})
	for _, id := range has {
		c.matched = append(c.matched, w.names[id])
	}
	return c
}

// score returns the exact BM25 of a passage, and the numbers of the terms it has.
func (w weighedTerms) score(row *candidateRow) (bm25 float64, has []int32) {
	for i, id := range row.TermIDs {
		if w.asked[bucket(id)]&bit(id) == 0 {
			continue
		}
		weight, ok := w.weights[id]
		if !ok {
			continue
		}
		has = append(has, id)
		bm25 += weight * saturated(float64(row.Frequencies[i]), float64(row.Length), w.statistics.meanLength)
	}
	return bm25, has
}

// coverage is the share of the units that a passage has, by their term or one of their concepts, weighted by rarity in the
// passage's language.
func (w weighedTerms) coverage(has []int32) float64 {
	if w.total == 0 {
		return 0
	}
	found := 0.0
	for _, u := range w.units {
		if slices.ContainsFunc(u.ids, func(id int32) bool { return slices.Contains(has, id) }) {
			found += u.weight
		}
	}
	return found / w.total
}
