package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/migrations"
)

// schema lists what migrations make: every column, index, constraint, type and function, as PostgreSQL prints it.
const schema = `
	SELECT format('%s.%s %s %s %s', table_name, column_name, udt_name, is_nullable, column_default)
	FROM information_schema.columns WHERE table_schema = 'public'
	UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
	UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
	FROM pg_constraint WHERE connamespace = 'public'::regnamespace
	UNION ALL SELECT format('type %s', t.typname) FROM pg_type t
	WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd') AND NOT EXISTS (
		SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
	UNION ALL SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p
	WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
		SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
	UNION ALL SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
	ORDER BY 1`

func TestUpAndDown(t *testing.T) {
	t.Parallel()

	t.Run("ComeBackToTheSameSchema", func(t *testing.T) {
		t.Parallel()

		pool := empty(t)
		require.NoError(t, migrations.Up(t.Context(), pool))
		first := read(t, pool)
		require.NotEmpty(t, first)

		require.NoError(t, migrations.Down(t.Context(), pool))
		require.NoError(t, migrations.Up(t.Context(), pool))
		require.Equal(t, first, read(t, pool))
	})

	t.Run("DownLeavesNothingButTheVersionTable", func(t *testing.T) {
		t.Parallel()

		pool := empty(t)
		require.NoError(t, migrations.Up(t.Context(), pool))
		require.NoError(t, migrations.Down(t.Context(), pool))
		for _, line := range read(t, pool) {
			require.Contains(t, line, "goose_db_version")
		}
	})

	t.Run("UpTwiceIsUpOnce", func(t *testing.T) {
		t.Parallel()

		pool := empty(t)
		require.NoError(t, migrations.Up(t.Context(), pool))
		first := read(t, pool)
		require.NoError(t, migrations.Up(t.Context(), pool))
		require.Equal(t, first, read(t, pool))
	})

	t.Run("ReplicasStartingTogetherDoNotRace", func(t *testing.T) {
		t.Parallel()

		pool := empty(t)
		group, ctx := errgroup.WithContext(t.Context())
		for range 3 {
			group.Go(func() error { return migrations.Up(ctx, pool) })
		}
		require.NoError(t, group.Wait())
		requireLatest(t, pool)
	})

	t.Run("APoolOfOneConnectionWithVectorTypesIsEnough", func(t *testing.T) {
		t.Parallel()

		pool := empty(t, func(config *pgxpool.Config) {
			config.MaxConns = 1
			config.AfterConnect = pgxvec.RegisterTypes
		})
		require.NoError(t, migrations.Up(t.Context(), pool))
		requireLatest(t, pool)
	})

	t.Run("GiveTheLockBack", func(t *testing.T) {
		t.Parallel()

		pool := empty(t)
		require.NoError(t, migrations.Up(t.Context(), pool))
		var held int
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
			WHERE locktype = 'advisory' AND datname = current_database()`).Scan(&held))
		require.Zero(t, held)
	})

	t.Run("ACancelledContextEndsTheWait", func(t *testing.T) {
		t.Parallel()

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, migrations.Up(ctx, empty(t)), context.Canceled)
	})
}

func TestVersion(t *testing.T) {
	t.Parallel()

	pool := empty(t)
	version, err := migrations.Version(t.Context(), pool)
	require.NoError(t, err)
	require.Zero(t, version)
}

func TestFingerprint(t *testing.T) {
	t.Parallel()

	first, err := migrations.Fingerprint()
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{16}$`, first)

	second, err := migrations.Fingerprint()
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func empty(t *testing.T, changes ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.EmptyURL(t))
	require.NoError(t, err)
	for _, change := range changes {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func read(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), schema)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

func requireLatest(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	latest, err := migrations.Latest()
	require.NoError(t, err)
	version, err := migrations.Version(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, latest, version)
}
