package retrieval

import (
	"cmp"
	"slices"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// weighedTerms are a question's terms as they count in one language of the knowledge base.
type weighedTerms struct {
	asked      queryTerms
	statistics statistics
}

// matched returns the names of some of the terms, the rarest first.
func (w *weighedTerms) matched(ids []int32) []string {
	slices.SortFunc(ids, func(a, b int32) int {
		return cmp.Or(cmp.Compare(w.statistics.idf(b), w.statistics.idf(a)), cmp.Compare(w.asked.names[a], w.asked.names[b]))
	})
	var names []string
	for _, id := range ids {
		names = append(names, w.asked.names[id])
	}
	return names
}

// coverage is the share of the question's words that a passage with some terms has, each by itself or by one of its concepts, weighted by
// rarity in the passage's language. A word without topic does not count; one that the language has never seen counts most.
func (w *weighedTerms) coverage(has []int32) float64 {
	var all, found float64
	for _, u := range w.asked.units {
		if u.Stop {
			continue
		}
		id := lexical.ID(u.Term)
		weight, covered := w.statistics.idf(id), slices.Contains(has, id)
		for _, concept := range u.Concepts {
			id := lexical.ID(concept)
			// A concept's rarity is comparable across languages, a foreign word's is not.
			weight, covered = min(weight, w.statistics.idf(id)), covered || slices.Contains(has, id)
		}
		all += weight
		if covered {
			found += weight
		}
	}
	if all == 0 {
		return 0
	}
	return found / all
}
