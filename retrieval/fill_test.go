package retrieval_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

// fill fills and requires that nothing stopped it.
func fill(t *testing.T, index *retrieval.Index, options retrieval.FillOptions) retrieval.FillReport {
	t.Helper()
	report, err := index.Fill(t.Context(), options)
	require.NoError(t, err)
	return report
}

// picky is another model than the stand-in, which fails in some way on texts with the word poison while bad says so.
func picky(fault func([][]float32, int) ([][]float32, error), bad *atomic.Bool) retrieval.Config {
	model := faulty(func(vectors [][]float32, i int) ([][]float32, error) {
		if !bad.Load() {
			return vectors, nil
		}
		return fault(vectors, i)
	})
	model.Name = "picky"
	return retrieval.Config{Model: model}
}

func reject([][]float32, int) ([][]float32, error) { return nil, errRejected }

// poisoned are articles in three languages of which some passages are poison.
func poisoned() []retrieval.Article {
	return append(many(150),
		article("fees", "en", "Fees", "Good.\n\n## Part\n\nWith poison.\n\n## Other\n\nGood too."),
		article("fees", "zh-Hans", "手续费", "提币 poison。"),
		article("fees", "ar", "الرسوم", "رسوم السحب.\n\n## جزء\n\nهذا poison."))
}

func TestAFillGoesOnAfterAPassageThatTheModelCannotEmbed(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func([][]float32, int) ([][]float32, error){
		"fewer vectors":   func(v [][]float32, i int) ([][]float32, error) { return slices.Delete(v, i, i+1), nil },
		"not a number":    func(v [][]float32, i int) ([][]float32, error) { v[i][2] = float32(math.NaN()); return v, nil },
		"rejected":        reject,
		"wrong dimension": func(v [][]float32, i int) ([][]float32, error) { v[i] = v[i][1:]; return v, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.DB(t)
			newLibraryWith(t, pool, retrieval.Config{}).load(poisoned()...)
			var bad atomic.Bool
			bad.Store(true)
			kb := newLibraryWith(t, pool, picky(fault, &bad))
			const vectors = `SELECT count(*) FROM embeddings e JOIN embedding_models m ON m.id = e.model_id WHERE m.name = 'picky'`
			const serving = `SELECT count(*) FROM embedding_models WHERE active AND name = 'picky'`

			report := fill(t, kb.Index, retrieval.FillOptions{})
			require.False(t, report.Active)
			require.Equal(t, 153, report.Made)
			require.Equal(t, 153, kb.count(vectors))
			require.Zero(t, kb.count(serving), "not while something is missing")
			var problems []string
			for _, problem := range report.Problems {
				problems = append(problems, problem.Error())
			}
			require.Len(t, problems, 3)
			require.Contains(t, problems[0], `fees (en): passage 2 ("With poison.") cannot be embedded: `)
			require.Contains(t, problems[1], `fees (zh-Hans): passage 1 ("提币 poison。") cannot be embedded: `)
			require.Contains(t, problems[2], `fees (ar): passage 2 ("هذا poison.") cannot be embedded: `)

			again := fill(t, kb.Index, retrieval.FillOptions{})
			require.Zero(t, again.Made)
			require.Len(t, again.Problems, 3, "the same are named when only they are left")
			require.False(t, again.Active)

			allowed := fill(t, kb.Index, retrieval.FillOptions{AllowMissing: true})
			require.True(t, allowed.Active)
			require.Len(t, allowed.Problems, 3)
			require.Equal(t, 1, kb.count(serving))
			require.True(t, slices.ContainsFunc(kb.search(retrieval.Query{Locale: "zh-Hans", Text: "提币"}), func(hit retrieval.Hit) bool {
				return hit.Article.Slug == "fees"
			}), "it is found by its words")

			bad.Store(false)
			require.Equal(t, retrieval.FillReport{Active: true, Made: 3}, reported(fill(t, kb.Index, retrieval.FillOptions{})))
			require.Equal(t, 156, kb.count(vectors))
		})
	}
}

// reported is a report whose empty list compares as none.
func reported(r retrieval.FillReport) retrieval.FillReport {
	if len(r.Problems) == 0 {
		r.Problems = nil
	}
	return r
}

func TestAFillGoesOnAfterManyBadPassagesInARow(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	articles := many(300)
	for i := 150; i < 220; i++ {
		articles[i].Body = fmt.Sprintf("All poison %d.", i)
	}
	newLibraryWith(t, pool, retrieval.Config{}).load(articles...)
	var bad atomic.Bool
	bad.Store(true)
	kb := newLibraryWith(t, pool, picky(reject, &bad))
	report := fill(t, kb.Index, retrieval.FillOptions{})
	require.Equal(t, 230, report.Made)
	require.Len(t, report.Problems, 70)
	require.Len(t, fill(t, kb.Index, retrieval.FillOptions{}).Problems, 70)
}

func TestAModelThatTakesNothingStopsTheFill(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"from the start": 0, "after it worked in an earlier run": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.DB(t)
			var broken atomic.Bool
			model := retrieval.EmbeddingModel{
				Dimensions: libraryDimensions, Name: "picky", OfText: func(err error) bool { return errors.Is(err, errRejected) },
				Embed: func(ctx context.Context, texts []string) ([][]float32, error) {
					if broken.Load() {
						return nil, errRejected
					}
					return standIn(libraryDimensions)(ctx, texts)
				},
			}
			old := newLibraryWith(t, pool, retrieval.Config{})
			old.load(many(max(first, 1))...)
			kb := newLibraryWith(t, pool, retrieval.Config{Model: model})
			if first > 0 {
				require.Equal(t, first, fill(t, kb.Index, retrieval.FillOptions{}).Made)
				require.Equal(t, 1, kb.count(`WITH back AS (UPDATE embedding_models SET active = false WHERE active RETURNING id) SELECT count(*) FROM back`))
				require.Equal(t, 1, kb.count(`WITH back AS (UPDATE embedding_models SET active = true WHERE name = 'stand-in' RETURNING id) SELECT count(*) FROM back`))
			}
			old.load(many(first + 2)...)
			broken.Store(true)
			report, err := kb.Fill(t.Context(), retrieval.FillOptions{AllowMissing: true})
			require.ErrorIs(t, err, errRejected)
			require.False(t, report.Active)
			require.Zero(t, kb.count(`SELECT count(*) FROM embedding_models WHERE active AND name = 'picky'`))
		})
	}
}

func TestAPassageThatIsRewrittenDuringAFillIsNoProblemAnyMore(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	old := newLibraryWith(t, pool, retrieval.Config{})
	old.load(article("one", "en", "One", "With poison."), article("two", "en", "Two", "Good."))
	rewritten := false
	kb := newLibraryWith(t, pool, retrieval.Config{Model: retrieval.EmbeddingModel{
		Dimensions: 8, Name: "new",
		Embed: func(ctx context.Context, texts []string) ([][]float32, error) {
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "poison") }) {
				return standIn(8)(ctx, texts)
			}
			if len(texts) == 1 && !rewritten {
				rewritten = true
				old.load(article("one", "en", "One", "Better."), article("two", "en", "Two", "Good.")) //nolint:contextcheck // it has the test's
			}
			return nil, errRejected
		},
		OfText: func(err error) bool { return errors.Is(err, errRejected) },
	}})
	require.Equal(t, retrieval.FillReport{Active: true, Made: 2}, reported(fill(t, kb.Index, retrieval.FillOptions{})))
}
