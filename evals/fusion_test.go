package evals_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
)

// fusionSet asks questions whose right article stands second after the first stage, and first by its alignment; crowding says
// nothing.
func fusionSet(t *testing.T, name string) evals.FusionSet {
	t.Helper()
	return askedSet(t, name, retrieval.SecondStage{Alignment: 1, First: 0.5})
}

// behindSet is fusionSet, but the second stage may not move the right article.
func behindSet(t *testing.T, name string) evals.FusionSet {
	t.Helper()
	return askedSet(t, name, retrieval.SecondStage{Alignment: 1, Behind: true, First: 0.5})
}

func askedSet(t *testing.T, name string, second retrieval.SecondStage) evals.FusionSet {
	t.Helper()
	var articles []evals.ArticleRow
	var questions []evals.QuestionRow
	for i := range 8 {
		key := fmt.Sprintf("%s%d", name, i)
		articles = append(articles, evals.ArticleRow{Body: "Body " + key, ID: key, Key: key, Lang: "en", Title: key})
		questions = append(questions, evals.QuestionRow{ID: "q" + key, Lang: "ru", Query: key, Relevant: key})
	}
	collections, _, err := evals.NewCollections(articles, questions, evals.RetrievalOptions{DocLangs: []string{"en"}})
	require.NoError(t, err)
	searcher := evals.Searcher{
		Clock: func() time.Time { return time.Time{} },
		Search: func(_ context.Context, q retrieval.Query) (retrieval.Results, error) {
			right := 0
			_, err := fmt.Sscanf(q.Text, name+"%d", &right)
			hit := func(article int, second retrieval.SecondStage) retrieval.Hit {
				second.Looked = true
				return retrieval.Hit{
					Article: retrieval.ArticleRef{Slug: fmt.Sprintf("k%d", article)}, Evidence: retrieval.Evidence{Second: second},
				}
			}
			return retrieval.Results{Hits: []retrieval.Hit{
				hit((right+1)%8, retrieval.SecondStage{Alignment: -1, Crowding: float64(right%2*2 - 1), First: 1}),
				hit(right, second),
			}}, err
		},
	}
	found, err := searcher.Ask(t.Context(), collections[0])
	require.NoError(t, err)
	return evals.FusionSet{Found: found, Name: name}
}

func TestFusionLearnsWhatTellsTheRightArticle(t *testing.T) {
	t.Parallel()
	fusion, err := evals.FitFusion([]evals.FusionSet{fusionSet(t, "a"), fusionSet(t, "b")})
	require.NoError(t, err)
	require.Positive(t, fusion.Weights.Alignment)
	for _, row := range fusion.Rows {
		switch row.Parts {
		case "first stage alone":
			require.Zero(t, row.Recall1)
			require.InDelta(t, 1, row.Recall5, 0)
		case "alignment", "all three":
			require.InDelta(t, 1, row.Recall1, 0, "fitted on the other set, it holds on %s", row.Set)
		}
	}
	var out bytes.Buffer
	require.NoError(t, fusion.WriteTable(&out))
	require.Contains(t, out.String(), "fitted on all")
}

func TestFusionIsNotReportedOnWhatItWasFittedOn(t *testing.T) {
	t.Parallel()
	_, err := evals.FitFusion([]evals.FusionSet{fusionSet(t, "a")})
	require.ErrorContains(t, err, "want two")
}

func TestFusionKnowsWhatStandsBehind(t *testing.T) {
	t.Parallel()
	sets := []evals.FusionSet{behindSet(t, "a"), behindSet(t, "b")}
	fusion, err := evals.FitFusion(sets)
	require.NoError(t, err)
	for _, row := range fusion.Rows {
		require.Zero(t, row.Recall1, "%s brings in what stands behind", row.Parts)
		require.InDelta(t, 1, row.Recall5, 0)
	}
}
