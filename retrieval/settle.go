package retrieval

import "math"

// settledArticles is how many articles in the question's language the second stage puts in order: those that the first stage
// has first. Exact words choose them better than likeness does: on help pages full of technical words recall@5 fell by up to
// three points when the second stage chose too (docs/embedder.md), and most of what it gains at recall@1 it gains among these.
const settledArticles = 5

// behindGap keeps what stands behind apart from the last article before it, in standard deviations.
const behindGap = 0.01

// settle sets the fused scores of candidates, which are sorted by the first stage's. An article in another language may
// rise from anywhere.
func (w FittedWeights) settle(candidates []*candidate) {
	best := make(map[string]float64) // by slug: the fused score of the articles that are put in order
	behind := math.Inf(-1)           // the highest score behind them
	for _, c := range candidates {
		if c.language != LanguageOther {
			_, settled := best[c.row.Slug]
			if !settled && len(best) == settledArticles {
				c.second.Behind = true
				behind = max(behind, c.fused)
				continue
			}
			if !settled {
				best[c.row.Slug] = math.Inf(-1)
			}
		}
		if c.second.Looked {
			c.fused = c.second.Score(w.in(c.language))
		}
		if c.language != LanguageOther {
			best[c.row.Slug] = max(best[c.row.Slug], c.fused)
		}
	}
	last := math.Inf(1)
	for _, score := range best {
		last = min(last, score)
	}
	for _, c := range candidates {
		if c.second.Behind && behind >= last {
			c.fused -= behind - last + behindGap
		}
	}
}
