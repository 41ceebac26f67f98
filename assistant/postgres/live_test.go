package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// An import that takes minutes, here or in another database of the server, holds up no event.
func TestOnlyWhoHasWrittenAnEventIsWaitedFor(t *testing.T) {
	t.Parallel()

	pool, elsewhere := pgtest.DB(t), pgtest.DB(t)
	store := postgres.New(pool, now, nil)
	begin := func(on *pgxpool.Pool, statement string) pgx.Tx {
		tx, err := on.Begin(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
		_, err = tx.Exec(t.Context(), statement)
		require.NoError(t, err)
		return tx
	}
	event := `INSERT INTO webhook_events (id, type, body, created_at) VALUES ('` + uuid.NewString() + `', 'ticket.opened', '{}', now())`
	writers := func() []string {
		page, err := store.ReadEvents(t.Context(), live.Reading{Writers: true})
		require.NoError(t, err)
		require.Empty(t, page.Events)
		return page.Writers
	}

	begin(elsewhere, event)
	begin(pool, `CREATE TABLE long_work ()`)
	require.Empty(t, writers())
	writing := begin(pool, event)
	require.Len(t, writers(), 1)
	require.NoError(t, writing.Rollback(t.Context()))
	require.Empty(t, writers())
}
