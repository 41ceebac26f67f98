package evals

import (
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// retrievalDepth is how many keys of a ranking count.
const retrievalDepth = 10

// quality is how good one ranking is, in the order of qualityNames.
type quality [5]float64

var qualityNames = [len(quality{})]string{"recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"}

// judge holds a ranking against the keys that are right. Recall at n is 1 when one of the first n is right; nDCG counts
// each of them (Järvelin and Kekäläinen 2002, with gains of 0 and 1).
func judge(keys, relevant []string) quality {
	var q quality
	ideal := 0.0
	for i := range min(len(relevant), retrievalDepth) {
		ideal += 1 / math.Log2(float64(i)+2)
	}
	for i, key := range keys[:min(len(keys), retrievalDepth)] {
		if !slices.Contains(relevant, key) {
			continue
		}
		for at, depth := range []int{1, 5, 10} {
			if i < depth {
				q[at] = 1
			}
		}
		q[3] = max(q[3], 1/float64(i+1))
		q[4] += 1 / math.Log2(float64(i)+2) / ideal
	}
	return q
}

// RetrievalFigures are the means over N questions. CI95 has the 95 % interval of each by its name.
type RetrievalFigures struct { // in the order in which they are read
	N        int                   `json:"n"`
	Recall1  float64               `json:"recall@1"`
	Recall5  float64               `json:"recall@5"`
	Recall10 float64               `json:"recall@10"`
	MRR10    float64               `json:"mrr@10"`
	NDCG10   float64               `json:"ndcg@10"`
	CI95     map[string][2]float64 `json:"ci95"`
}

// resamples of a bootstrap: the ends of an interval then move by less than a tenth of its width from seed to seed.
const resamples = 2000

// newRetrievalFigures averages, with percentile bootstrap intervals over the questions (Efron 1979). The seed is fixed:
// the same results have the same intervals.
func newRetrievalFigures(all []quality) RetrievalFigures {
	mean := func(pick func(i int) quality) quality {
		var sum quality
		for i := range all {
			for m, value := range pick(i) {
				sum[m] += value
			}
		}
		for m := range sum {
			sum[m] /= float64(len(all))
		}
		return sum
	}
	m := mean(func(i int) quality { return all[i] })
	f := RetrievalFigures{
		CI95: make(map[string][2]float64), MRR10: m[3], N: len(all), NDCG10: m[4], Recall1: m[0], Recall10: m[2], Recall5: m[1],
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a sample, not a secret
	var drawn [len(quality{})][]float64
	for range resamples {
		for i, value := range mean(func(int) quality { return all[random.IntN(len(all))] }) {
			drawn[i] = append(drawn[i], value)
		}
	}
	for i, name := range qualityNames {
		slices.Sort(drawn[i])
		f.CI95[name] = [2]float64{quantile(0.025, drawn[i]), quantile(0.975, drawn[i])}
	}
	return f
}

// RetrievalReport is how well articles are found, and how well plain BM25 finds them.
type RetrievalReport struct {
	RetrievalFigures

	BM25  RetrievalFigures           `json:"bm25"`
	P50   time.Duration              `json:"-"` // of one search, beside those that ran at the same time
	P95   time.Duration              `json:"-"`
	Pairs map[string]RetrievalReport `json:"pairs,omitempty"` // "ru>en": questions in Russian, articles in English
}

// NewRetrievalReport pools what was found, of which there must be some, and reports it for each pair of languages.
func NewRetrievalReport(found []Found) RetrievalReport {
	pairs := make(map[string][]Found)
	for _, f := range found {
		pairs[f.pair] = append(pairs[f.pair], f)
	}
	report := newSlice(found)
	report.Pairs = make(map[string]RetrievalReport)
	for pair, some := range pairs {
		report.Pairs[pair] = newSlice(some)
	}
	return report
}

func newSlice(found []Found) RetrievalReport {
	search, baseline, times := make([]quality, len(found)), make([]quality, len(found)), make([]time.Duration, len(found))
	for i, f := range found {
		search[i], baseline[i], times[i] = f.search, f.baseline, f.took
	}
	slices.Sort(times)
	return RetrievalReport{
		BM25: newRetrievalFigures(baseline), P50: times[len(times)/2], P95: times[len(times)*95/100],
		RetrievalFigures: newRetrievalFigures(search),
	}
}

// WriteTable prints the report for a terminal, in percent: each figure with its interval, the baseline's below it.
func (r RetrievalReport) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PAIR\tN\t\tRECALL@1\tRECALL@5\tRECALL@10\tMRR@10\tNDCG@10")
	for _, pair := range slices.Sorted(maps.Keys(r.Pairs)) {
		r.Pairs[pair].writeRows(table, pair)
	}
	r.writeRows(table, "pooled")
	_, _ = fmt.Fprintf(table, "a search: p50 %s, p95 %s\n", r.P50.Round(10*time.Microsecond), r.P95.Round(10*time.Microsecond))
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

func (r RetrievalReport) writeRows(w io.Writer, name string) {
	_, _ = fmt.Fprintf(w, "%s\t%d\tdeskhand%s\n\t\tBM25%s\n", name, r.N, r.cells(), r.BM25.cells())
}

// cells are the figures in a row of a table.
func (f RetrievalFigures) cells() string {
	var b strings.Builder
	for i, value := range []float64{f.Recall1, f.Recall5, f.Recall10, f.MRR10, f.NDCG10} {
		ends := f.CI95[qualityNames[i]]
		fmt.Fprintf(&b, "\t%.1f (%.0f-%.0f)", 100*value, 100*ends[0], 100*ends[1])
	}
	return b.String()
}
