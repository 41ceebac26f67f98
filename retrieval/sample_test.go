package retrieval_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// questions are what people type, with the language they type in and the sample article that answers them.
//
//go:embed testdata/questions.tsv
var questions string

func TestSampleArticlesAreFoundByWhatPeopleType(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	report, err := kb.Import(t.Context(), files.FS(retrieval.Sample()), retrieval.ImportOptions{Source: "sample"})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	t.Logf("%d articles, %d passages", report.Added, report.Passages)

	var first, firstThree, all int
	reciprocal := 0.0
	for line := range strings.Lines(questions) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		hits := kb.search(retrieval.Query{Limit: 10, Locale: fields[0], Text: fields[2]})
		rank := slices.Index(slugs(hits), fields[1])
		all++
		if rank == 0 {
			first++
		}
		if rank >= 0 {
			reciprocal += 1 / float64(rank+1)
		}
		if rank >= 0 && rank < 3 {
			firstThree++
			continue
		}
		t.Logf("rank %d of %s: %s: %v", rank+1, fields[1], fields[2], shown(hits[:min(3, len(hits))]))
	}
	t.Logf("first %d, among three %d of %d; MRR %.3f", first, firstThree, all, reciprocal/float64(all))
	// Measured 0.93 and 0.82 without the intents that triage adds; a change that loses three questions must say why.
	require.GreaterOrEqual(t, float64(firstThree)/float64(all), 0.88)
	require.GreaterOrEqual(t, reciprocal/float64(all), 0.78)
}
