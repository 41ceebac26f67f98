package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/migrations"
)

func TestDB(t *testing.T) {
	t.Parallel()

	t.Run("IsMigrated", func(t *testing.T) {
		t.Parallel()

		latest, err := migrations.Latest()
		require.NoError(t, err)
		version, err := migrations.Version(t.Context(), pgtest.DB(t))
		require.NoError(t, err)
		require.Equal(t, latest, version)
	})

	t.Run("IsPrivateToItsTest", func(t *testing.T) {
		t.Parallel()

		one, other := pgtest.DB(t), pgtest.DB(t)
		_, err := one.Exec(t.Context(), "CREATE TABLE mine ()")
		require.NoError(t, err)
		require.False(t, exists(t, other, "SELECT to_regclass('mine') IS NOT NULL"))
	})

	t.Run("ReadsVectorsInBinary", func(t *testing.T) {
		t.Parallel()

		var got pgvector.HalfVector
		err := pgtest.DB(t).QueryRow(t.Context(), "SELECT $1::halfvec", pgvector.NewHalfVector([]float32{1, 2, 3})).Scan(&got)
		require.NoError(t, err)
		require.Equal(t, []float32{1, 2, 3}, got.Slice())
	})

	t.Run("IsDroppedAfterItsTest", func(t *testing.T) {
		t.Parallel()

		var name string
		t.Run("inner", func(t *testing.T) { // not parallel: the outer test looks at what it leaves
			require.NoError(t, pgtest.DB(t).QueryRow(t.Context(), "SELECT current_database()").Scan(&name))
		})
		require.NotEmpty(t, name)
		require.False(t, exists(t, pgtest.DB(t), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name))
	})
}

func TestEmptyURL(t *testing.T) {
	t.Parallel()

	conn, err := pgx.Connect(t.Context(), pgtest.EmptyURL(t))
	require.NoError(t, err)
	var tables int
	err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
	require.NoError(t, err)
	require.Zero(t, tables)
	require.NoError(t, conn.Close(t.Context()))
}

func BenchmarkDB(b *testing.B) {
	pgtest.DB(b) // makes the server and the template
	for b.Loop() {
		pgtest.URL(b)
	}
}

func exists(t *testing.T, pool *pgxpool.Pool, query string, args ...any) bool {
	t.Helper()
	var found bool
	require.NoError(t, pool.QueryRow(t.Context(), query, args...).Scan(&found))
	return found
}
