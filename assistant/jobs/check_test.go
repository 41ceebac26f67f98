package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// articleChecker notes what it was asked to check.
type articleChecker chan uuid.UUID

func (c articleChecker) CheckArticle(_ context.Context, id uuid.UUID) error {
	c <- id
	return nil
}

func TestAnArticleIsCheckedByAWorker(t *testing.T) {
	t.Parallel()

	b := setup(t)
	called := make(articleChecker, 10)
	require.NoError(t, b.workers.AddChecks(called))
	b.start(t)
	id := uuid.New()
	require.NoError(t, pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error { return b.queue.EnqueueCheck(t.Context(), tx, id) }))
	select {
	case got := <-called:
		require.Equal(t, id, got)
	case <-time.After(patience):
		require.FailNow(t, "nothing was checked")
	}
}
