package evals

import (
	"fmt"
	"slices"
)

// Ranked says how well the search found what the cases name, over the cases that name an article and were searched for.
type Ranked struct {
	RetrievalFigures

	ContextPrecision float64 `json:"context_precision"` // mean precision at the places of what is right
}

// NewRanked judges what was retrieved for the last question of each case.
func NewRanked(results []Result) Ranked {
	var all []quality
	var ranked Ranked
	for _, r := range results {
		relevant := r.Case.Expect.relevant()
		found := r.Trace.slugs()
		if len(relevant) == 0 || len(found) == 0 {
			continue
		}
		all = append(all, judge(found, relevant))
		ranked.ContextPrecision += contextPrecision(found, relevant)
	}
	if len(all) == 0 {
		return ranked
	}
	ranked.ContextPrecision /= float64(len(all))
	ranked.RetrievalFigures = newRetrievalFigures(all)
	return ranked
}

// relevant are the articles that a case wants to be found.
func (e Expect) relevant() []string {
	var slugs []string
	if e.Article != "" {
		slugs = append(slugs, e.Article)
	}
	for _, a := range e.Assert {
		if a.Type == AssertRetrieved || a.Type == AssertCites {
			slugs = append(slugs, a.values()...)
		}
	}
	slices.Sort(slugs)
	return slices.Compact(slugs)
}

// contextPrecision is the mean of precision at k over the places k that hold something right, 0 when none does (Es et al. 2024, RAGAS:
// Automated Evaluation of Retrieval Augmented Generation; the average precision of Buckley and Voorhees 2000 over what was found).
func contextPrecision(found, relevant []string) float64 {
	right, sum := 0, 0.0
	for i, slug := range found[:min(len(found), retrievalDepth)] {
		if slices.Contains(relevant, slug) {
			right++
			sum += float64(right) / float64(i+1)
		}
	}
	return sum / float64(max(right, 1))
}

// String is a line for a terminal.
func (r Ranked) String() string {
	if r.N == 0 {
		return "retrieval: no case names an article"
	}
	return fmt.Sprintf("retrieval over %d cases: recall@1 %.3f, recall@5 %.3f, recall@10 %.3f, MRR %.3f, nDCG %.3f, context precision %.3f",
		r.N, r.Recall1, r.Recall5, r.Recall10, r.MRR10, r.NDCG10, r.ContextPrecision)
}
