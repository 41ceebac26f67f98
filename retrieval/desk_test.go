package retrieval_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

// named is a stand-in of another name and length.
func named(name string, dimensions int, embed retrieval.EmbedFunc) retrieval.Config {
	return retrieval.Config{Model: retrieval.EmbeddingModel{Dimensions: dimensions, Embed: embed, Name: name}}
}

func TestADeskFollowsToTheModelThatWasFilled(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	old := newLibraryWith(t, pool, retrieval.Config{})
	old.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."), article("fees", "ar", "الرسوم", "رسوم السحب 1 USDT."))
	large := newLibraryWith(t, pool, named("large", 3072, nil))
	desk := retrieval.NewDesk(old.Index, func(_ context.Context, model retrieval.ModelInfo) (*retrieval.Index, bool, error) {
		require.Equal(t, retrieval.ModelInfo{Dimensions: 3072, Name: "large"}, model)
		return large.Index, true, nil
	})
	follow := func() bool {
		switched, err := desk.Follow(t.Context())
		require.NoError(t, err)
		return switched
	}
	require.False(t, follow())
	require.True(t, fill(t, large.Index, retrieval.FillOptions{}).Active)
	results, err := desk.Search(t.Context(), retrieval.Query{Locale: "en", Now: today, Text: "withdrawals"})
	require.NoError(t, err)
	require.Equal(t, "stand-in", results.Model)
	require.NoError(t, results.Degraded)

	require.True(t, follow())
	require.False(t, follow())
	dropped, err := large.DropOtherModels(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, dropped)
	results, err = desk.Search(t.Context(), retrieval.Query{Locale: "ar", Now: today, Text: "رسوم السحب"})
	require.NoError(t, err)
	require.Equal(t, "large", results.Model)
	require.Equal(t, "ar", results.Hits[0].Article.Locale)
	require.Zero(t, large.count(`SELECT count(*) FROM embeddings WHERE model_id = 1`))
}

func TestWhoHasNotFollowedYetWritesNothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	old := newLibraryWith(t, pool, retrieval.Config{})
	old.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	require.True(t, fill(t, newLibraryWith(t, pool, named("other", 8, nil)).Index, retrieval.FillOptions{}).Active)

	_, err := old.Import(t.Context(), sequence(article("new", "en", "New", "Text.")), retrieval.ImportOptions{Source: "test"})
	require.ErrorIs(t, err, retrieval.ErrModelSwitched)
	require.Equal(t, 1, old.count(`SELECT count(*) FROM articles`))
}

func TestAFillThatBrokeOffGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	old := newLibraryWith(t, pool, retrieval.Config{})
	articles := make([]retrieval.Article, 700)
	for i := range articles {
		articles[i] = article(fmt.Sprintf("a%d", i), "en", fmt.Sprintf("Title %d", i), fmt.Sprintf("Passage number %d.", i))
	}
	old.load(articles...)
	outage := errors.New("model is down")
	var calls atomic.Int64
	broken := newLibraryWith(t, pool, named("new", 8, func(ctx context.Context, texts []string) ([][]float32, error) {
		if calls.Add(1) > 4 {
			return nil, outage
		}
		return standIn(8)(ctx, texts)
	}))
	_, err := broken.Fill(t.Context(), retrieval.FillOptions{})
	require.ErrorIs(t, err, outage)
	missing, err := broken.Missing(t.Context())
	require.NoError(t, err)
	require.Equal(t, 700-512, missing)
	require.Equal(t, 1, broken.count(`SELECT count(*) FROM embedding_models WHERE active AND name = 'stand-in'`))

	again := newLibraryWith(t, pool, named("new", 8, nil))
	var made []int
	report := fill(t, again.Index, retrieval.FillOptions{Progress: func(n int) { made = append(made, n) }})
	require.Equal(t, missing, report.Made)
	require.Equal(t, int64(missing), again.embedded.Load())
	require.Equal(t, []int{missing}, made)
	require.Equal(t, 1, again.count(`SELECT count(*) FROM embedding_models WHERE active AND name = 'new'`))
}

func TestWhatIsWrittenDuringAFillIsFilledToo(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	old := newLibraryWith(t, pool, retrieval.Config{})
	old.load(article("one", "en", "One", "First text."))
	written := false
	other := newLibraryWith(t, pool, named("new", 8, func(ctx context.Context, texts []string) ([][]float32, error) {
		if !written {
			written = true
			old.load(article("two", "en", "Two", "Second text.")) //nolint:contextcheck // it has the test's
		}
		return standIn(8)(ctx, texts)
	}))
	require.True(t, fill(t, other.Index, retrieval.FillOptions{}).Active)
	require.Equal(t, 2, other.count(`SELECT count(*) FROM embeddings e JOIN embedding_models m ON m.id = e.model_id WHERE m.active`))
}
