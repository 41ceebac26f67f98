package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// applier notes what it is asked for and fails as often as a test wants it to.
type applier struct {
	asked    chan string
	failures int
}

func (a *applier) Apply(_ context.Context, slug, locale string) (bool, error) {
	a.asked <- slug + " " + locale
	if a.failures > 0 {
		a.failures--
		return false, errors.New("embedding model is down")
	}
	return true, nil
}

func TestAnArticleIsAppliedAlsoAfterAnOutage(t *testing.T) {
	t.Parallel()

	b := setup(t)
	a := &applier{asked: make(chan string, 10), failures: 1}
	require.NoError(t, b.workers.AddArticles(a))
	b.start(t)
	require.NoError(t, pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		return b.queue.EnqueueArticle(t.Context(), tx, "提币/1", "zh-Hans")
	}))
	require.Equal(t, "提币/1 zh-Hans", <-a.asked)
	require.Equal(t, "提币/1 zh-Hans", <-a.asked)
	b.awaitState(t, "completed")
}

func TestNoArticleIsAppliedWhenItsChangeIsUndone(t *testing.T) {
	t.Parallel()

	b := setup(t)
	undone := errors.New("undone")
	require.ErrorIs(t, pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		require.NoError(t, b.queue.EnqueueArticle(t.Context(), tx, "fees", "en"))
		return undone
	}), undone)
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job`).Scan(&n))
	require.Zero(t, n)
}
