package retrieval_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

// many are articles of one passage, of more bytes than an import takes at a time.
func many(n int) []retrieval.Article {
	articles := make([]retrieval.Article, n)
	for i := range articles {
		articles[i] = article(fmt.Sprintf("a%d", i), "en", fmt.Sprintf("Title %d", i), fmt.Sprintf("Passage number %d.", i))
	}
	return articles
}

func TestAnImportThatBrokeOffGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	articles := many(2000)
	ctx, cancel := context.WithCancel(t.Context())
	kb := newLibraryWith(t, pool, retrieval.Config{})
	interrupted := make(chan struct{})
	stop := sync.OnceFunc(func() {
		cancel()
		close(interrupted)
	})
	first := func(yield func(retrieval.Article, error) bool) {
		for i, a := range articles {
			if i == len(articles)-1 {
				<-interrupted
			}
			if !yield(a, nil) {
				return
			}
		}
	}
	report, err := kb.Import(ctx, first, retrieval.ImportOptions{
		Progress: func(retrieval.Report) { stop() }, // as Ctrl-C after the first step
		Source:   "test",
	})
	require.ErrorIs(t, err, context.Canceled)
	stored := kb.count(`SELECT count(*) FROM articles`)
	require.Equal(t, report.Added, stored)
	require.Positive(t, stored)
	require.Less(t, stored, len(articles))
	require.Zero(t, kb.count(`SELECT count(*) FROM pg_class WHERE 'fastupdate=on' = ANY (reloptions)`), "terms are indexed at once again")
	require.Equal(t, stored, kb.count(`SELECT count(*) FROM passages p JOIN embeddings e ON e.passage_id = p.id`), "each is whole")

	again := newLibraryWith(t, pool, retrieval.Config{})
	report = again.load(articles...)
	require.Equal(t, len(articles)-stored, report.Added)
	require.Equal(t, stored, report.Unchanged)
	require.Equal(t, int64(len(articles)-stored), again.embedded.Load(), "only the rest is embedded")
}

func TestTheModelIsCalledInFullBatchesForWhatChanged(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{Model: retrieval.EmbeddingModel{
		Dimensions: libraryDimensions, Name: "stand-in",
		Embed: func(ctx context.Context, texts []string) ([][]float32, error) {
			calls.Add(1)
			return standIn(libraryDimensions)(ctx, texts)
		},
	}})
	articles := many(512)
	kb.load(articles...)
	require.Equal(t, int64(4), calls.Load(), "512 texts in batches of 128")
	kb.load(articles...)
	require.Equal(t, int64(4), calls.Load(), "nothing changed")
	for _, i := range []int{3, 200, 400} {
		articles[i].Body += " More."
	}
	kb.load(articles...)
	require.Equal(t, int64(5), calls.Load(), "three texts in one call")
	require.Equal(t, int64(515), kb.embedded.Load())
	articles[7].Intents = []string{"withdrawal.fees"}
	kb.load(articles...)
	require.Equal(t, int64(5), calls.Load(), "no text changed")
}

func TestAnArticleThatCannotBeWrittenStopsNoOther(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	_, err := kb.pool.Exec(t.Context(), `ALTER TABLE articles ADD CONSTRAINT test_check CHECK (slug <> 'a5')`)
	require.NoError(t, err)
	articles := many(12)
	articles[5].File = "five.md"
	report, err := kb.Import(t.Context(), sequence(articles...), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Equal(t, 11, report.Added)
	require.Len(t, report.Problems, 1)
	require.True(t, strings.HasPrefix(report.Problems[0].Error(), "five.md: "), report.Problems[0])
	alone := newLibrary(t)
	_, err = alone.pool.Exec(t.Context(), `ALTER TABLE articles ADD CONSTRAINT test_check CHECK (slug <> 'a0')`)
	require.NoError(t, err)
	report, err = alone.Import(t.Context(), sequence(many(1)...), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Len(t, report.Problems, 1)
}

func TestAnImportEndsWhenTheDatabaseIsGone(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	var endless iter.Seq2[retrieval.Article, error] = func(yield func(retrieval.Article, error) bool) {
		for i := 0; ; i++ {
			if i == 600 {
				_, _ = kb.pool.Exec(context.WithoutCancel(t.Context()), `DROP TABLE articles CASCADE`)
			}
			if !yield(article(fmt.Sprintf("a%d", i), "en", "T", "Text."), nil) || i > 1_000_000 {
				return
			}
		}
	}
	report, err := kb.Import(t.Context(), endless, retrieval.ImportOptions{Source: "test"})
	require.Error(t, err)
	require.Empty(t, report.Problems)
}
