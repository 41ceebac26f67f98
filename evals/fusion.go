package evals

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/deskhand/deskhand/retrieval"
)

// secondHit is one article that a search found, as the second stage saw it.
type secondHit struct {
	right  bool
	second retrieval.SecondStage
}

// FusionSet is what a search found in one data set.
type FusionSet struct {
	Found []Found
	Name  string
}

// fusionParts are the parts of the second stage that are measured, each by itself and all together.
var fusionParts = []struct {
	name string
	free []func(*retrieval.SecondWeights) *float64
}{
	{name: "first stage alone"},
	{name: "sentence", free: []func(*retrieval.SecondWeights) *float64{sentenceWeight}},
	{name: "alignment", free: []func(*retrieval.SecondWeights) *float64{alignmentWeight}},
	{name: "crowding", free: []func(*retrieval.SecondWeights) *float64{crowdingWeight}},
	{name: "sentence, alignment", free: []func(*retrieval.SecondWeights) *float64{sentenceWeight, alignmentWeight}},
	{name: "all three", free: []func(*retrieval.SecondWeights) *float64{sentenceWeight, alignmentWeight, crowdingWeight}},
}

func sentenceWeight(w *retrieval.SecondWeights) *float64  { return &w.Sentence }
func alignmentWeight(w *retrieval.SecondWeights) *float64 { return &w.Alignment }
func crowdingWeight(w *retrieval.SecondWeights) *float64  { return &w.Crowding }

// FusionRow is what some parts of the second stage are worth on a data set, with weights fitted on the other sets only.
type FusionRow struct {
	RetrievalFigures

	Parts   string                  `json:"parts"`
	Set     string                  `json:"set"`
	Weights retrieval.SecondWeights `json:"weights"`
}

// Fusion is a fit of the second stage's weights.
type Fusion struct {
	Rows    []FusionRow             `json:"rows"`
	Weights retrieval.SecondWeights `json:"weights"` // of all parts, fitted on all sets
}

// FitFusion fits the weights of the second stage. Each set is reported with weights that were fitted without it, so there
// must be two of them.
func FitFusion(sets []FusionSet) (Fusion, error) {
	if len(sets) < 2 {
		return Fusion{}, fmt.Errorf("fit fusion: %d data set: want two, to measure on one what was fitted on the other", len(sets))
	}
	var fusion Fusion
	for _, parts := range fusionParts {
		for i, set := range sets {
			others := slices.Delete(slices.Clone(sets), i, i+1)
			w := fitSecond(others, parts.free)
			all := make([]quality, len(set.Found))
			for j, found := range set.Found {
				all[j] = found.with(w)
			}
			fusion.Rows = append(fusion.Rows, FusionRow{
				Parts: parts.name, RetrievalFigures: newRetrievalFigures(all), Set: set.Name, Weights: w,
			})
		}
	}
	fusion.Weights = fitSecond(sets, fusionParts[len(fusionParts)-1].free)
	return fusion, nil
}

// The search for weights: steps of halving length from 0 in the direction of each weight. shrinkage is what a weight of 1 must
// gain at least.
const (
	firstStep = 0.4
	lastStep  = 0.1
	shrinkage = 0.002
)

func fitSecond(sets []FusionSet, free []func(*retrieval.SecondWeights) *float64) retrieval.SecondWeights {
	var w retrieval.SecondWeights
	best := worth(sets, w)
	for step := firstStep; step >= lastStep; step /= 2 {
		for improved := true; improved; {
			improved = false
			for _, of := range free {
				for _, change := range []float64{step, -step} {
					tried := w
					*of(&tried) = math.Round((*of(&tried)+change)*10) / 10
					if gained := worth(sets, tried); gained > best+1e-9 {
						best, w, improved = gained, tried, true
					}
				}
			}
		}
	}
	return w
}

// worth is the mean over the sets, each counting the same, of recall@1, recall@5 and twice the reciprocal rank.
func worth(sets []FusionSet, w retrieval.SecondWeights) float64 {
	total := 0.0
	for _, set := range sets {
		of := 0.0
		for _, found := range set.Found {
			q := found.with(w)
			of += (q[0] + q[1] + 2*q[3]) / 4
		}
		total += of / float64(max(len(set.Found), 1)) / float64(len(sets))
	}
	return total - shrinkage*(math.Abs(w.Alignment)+math.Abs(w.Crowding)+math.Abs(w.Sentence))
}

// with judges the hits in the order that these weights give them. nDCG counts one right article: the public sets have
// seldom more.
func (f Found) with(w retrieval.SecondWeights) quality {
	order := slices.Clone(f.hits)
	slices.SortStableFunc(order, func(a, b secondHit) int {
		switch {
		case a.second.Behind && !b.second.Behind:
			return 1
		case b.second.Behind && !a.second.Behind:
			return -1
		}
		return cmp.Compare(b.second.Score(w), a.second.Score(w))
	})
	at := slices.IndexFunc(order, func(hit secondHit) bool { return hit.right })
	if at < 0 {
		return quality{}
	}
	return judge(append(make([]string, at), "right"), []string{"right"})
}

// WriteTable prints the fit for a terminal, in percent.
func (f Fusion) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PARTS\tMEASURED ON\tN\tRECALL@1\tRECALL@5\tRECALL@10\tMRR@10\tNDCG@10\tALIGNMENT\tCROWDING\tSENTENCE")
	for _, row := range f.Rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d%s\t%.1f\t%.1f\t%.1f\n", row.Parts, row.Set, row.N, row.cells(), row.Weights.Alignment,
			row.Weights.Crowding, row.Weights.Sentence)
	}
	_, _ = fmt.Fprintf(table, "fitted on all\t\t\t\t\t\t\t\t%.1f\t%.1f\t%.1f\n",
		f.Weights.Alignment, f.Weights.Crowding, f.Weights.Sentence)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print fusion: %w", err)
	}
	return nil
}
