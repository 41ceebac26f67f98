package migrations_test

import (
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/migrations"
)

// beforeAccess is the version before the audit log became a chain.
const beforeAccess = 9

func TestEntriesOfBeforeAreChainedAndAnOldReplicaGoesOn(t *testing.T) {
	t.Parallel()
	pool := empty(t)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), beforeAccess)
	require.NoError(t, err)
	// What the version before writes, then and while it still runs.
	write := func() {
		_, err := pool.Exec(t.Context(), `
			INSERT INTO audit_log (at, actor, action, subject_kind, subject_id, detail)
			SELECT now(), 'cli', 'policy.set', 'policy', n::text, '{"count": 1}' FROM generate_series(1, 5) n`)
		require.NoError(t, err)
		_, err = pool.Exec(t.Context(), `INSERT INTO agents (id, name, role, created_at) VALUES (gen_random_uuid(), 'Mia', 'agent', now())`)
		require.NoError(t, err)
		_, err = pool.Exec(t.Context(), `INSERT INTO conversations (id, channel, created_at) VALUES (gen_random_uuid(), 'widget', now())`)
		require.NoError(t, err)
	}
	write()
	require.NoError(t, migrations.Up(t.Context(), pool))
	write()

	chain, err := postgres.New(pool, time.Now, nil).VerifyChain(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, chain.Faults)
	require.Equal(t, int64(10), chain.Length)
}
