package retrieval

import (
	"cmp"
	"slices"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// weighedTerms are a question's terms with what each counts in one language of the knowledge base, which is the same for all of its
// passages.
type weighedTerms struct {
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

// found returns the share of the question that a passage with some terms covers, and their names, the rarest first.
func (w weighedTerms) found(has []int32) (coverage float64, names []string) {
	slices.SortFunc(has, func(a, b int32) int {
		return cmp.Or(cmp.Compare(w.idfs[b], w.idfs[a]), cmp.Compare(w.names[a], w.names[b]))
	})
	for _, id := range has {
		names = append(names, w.names[id])
	}
	return w.coverage(has), names
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
