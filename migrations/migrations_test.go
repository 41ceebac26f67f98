package migrations_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
	"github.com/pressly/goose/v3"
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

// TestTheHistoryBeginsWithTheArticlesThatAreThere fills articles as version 5 knew them.
func TestTheHistoryBeginsWithTheArticlesThatAreThere(t *testing.T) {
	t.Parallel()

	const versionBefore, version = 5, 6
	pool := empty(t)
	db := stdlib.OpenDBFromPool(pool)
	steps, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = steps.UpTo(t.Context(), versionBefore)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `
		INSERT INTO articles (slug, locale, title, body_markdown, category, intents, audience, status, review_by, jurisdictions,
			content_hash, indexed_with, source, version, updated_at)
		SELECT 'a' || i, (ARRAY['en', 'zh-Hans', 'ar'])[1 + i % 3], 'العنوان ' || i, '提币 Text ' || i, 'c', '{fees.withdrawal}',
			(ARRAY['public', 'internal'])[1 + i % 2], (ARRAY['published', 'draft', 'archived'])[1 + i % 3],
			CASE WHEN i % 2 = 0 THEN '2027-01-31'::date END, '{DE}', sha256(i::text::bytea), '1/x', 'sample', 1 + i % 4, '2026-01-02Z'
		FROM generate_series(1, 500) i`)
	require.NoError(t, err)

	const articles = `SELECT md5(string_agg(a::text, '' ORDER BY id)) FROM articles a`
	// What the version of an article says, beside the article itself.
	const history = `
		SELECT count(*)::text FROM article_versions v JOIN articles a USING (slug, locale, version)
		WHERE (v.title, v.body_markdown, v.category, v.intents, v.audience, v.status, v.jurisdictions, v.content_hash, v.source)
			= (a.title, a.body_markdown, a.category, a.intents, a.audience, a.status, a.jurisdictions, a.content_hash, a.source)
			AND v.review_by IS NOT DISTINCT FROM a.review_by AND v.changed_at = a.updated_at AND v.changed_by = a.source AND NOT v.deleted`
	text := func(query string) (value string) {
		t.Helper()
		require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&value))
		return value
	}
	before := text(articles)
	for range 2 {
		_, err = steps.UpTo(t.Context(), version)
		require.NoError(t, err)
		require.Equal(t, "500", text(history))
		require.Equal(t, "500", text(`SELECT count(*)::text FROM article_versions`))
		require.Equal(t, before, text(articles))
		_, err = steps.DownTo(t.Context(), versionBefore)
		require.NoError(t, err)
		require.Equal(t, before, text(articles))
	}
	require.NoError(t, migrations.Up(t.Context(), pool))
	_, err = pool.Exec(t.Context(), `UPDATE articles SET title = 'New', version = version + 1, content_hash = sha256('new') WHERE slug = 'a7'`)
	require.NoError(t, err)
	require.Equal(t, "2", text(`SELECT count(*)::text FROM article_versions WHERE slug = 'a7'`))
	require.NoError(t, db.Close())
}

func TestWhatIsUpToDateWaitsForNobody(t *testing.T) {
	t.Parallel()

	pool := empty(t)
	require.NoError(t, migrations.Up(t.Context(), pool))
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	// What migrates holds this lock.
	_, err = conn.Exec(t.Context(), `SELECT pg_advisory_lock(7236512930114)`)
	require.NoError(t, err)
	require.NoError(t, migrations.Up(t.Context(), pool))

	_, err = pool.Exec(t.Context(), `DELETE FROM goose_db_version WHERE version_id = 1`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `SELECT pg_advisory_unlock(7236512930114)`)
	require.NoError(t, err)
	require.ErrorContains(t, migrations.Up(t.Context(), pool), "missing", "a database that lacks any of them is not up to date")
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

// TestWhatWasWrittenWithoutCountsIsCountedOnTheWayBack takes migration 34 back with passages that the versions before cannot have written.
func TestWhatWasWrittenWithoutCountsIsCountedOnTheWayBack(t *testing.T) {
	t.Parallel()

	const version = 34
	pool := empty(t)
	require.NoError(t, migrations.Up(t.Context(), pool))
	_, err := pool.Exec(t.Context(), `
		INSERT INTO articles (slug, locale, title, body_markdown, content_hash, indexed_with, source)
		SELECT 'a' || i, (ARRAY['en', 'zh-Hans', 'ar'])[1 + i % 3], 'T', 'Text', sha256(i::text::bytea), '1/x', 'test' FROM generate_series(1, 30) i;
		INSERT INTO passages (article_id, locale, ordinal, body, token_count, text_hash)
		SELECT id, locale, 0, 'Text', 1, sha256('Text') FROM articles;
		INSERT INTO passage_terms (passage_id, locale, term_ids, frequencies, length)
		SELECT id, locale, CASE WHEN id % 10 = 0 THEN '{}' ELSE ARRAY[900, 7, 100 + id::integer % 2] END,
			CASE WHEN id % 10 = 0 THEN '{}' ELSE '{1,2,3}'::smallint[] END, 6 FROM passages`)
	require.NoError(t, err)
	db := stdlib.OpenDBFromPool(pool)
	steps, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = steps.DownTo(t.Context(), version-1)
	require.NoError(t, err)
	for query, want := range map[string]int{
		`SELECT sum(passages)::integer FROM term_statistics WHERE term_id = 7`:                          27,
		`SELECT count(*)::integer FROM term_statistics WHERE term_id IN (100, 101)`:                     6,
		`SELECT sum(passages)::integer FROM locale_statistics`:                                          30,
		`SELECT count(*)::integer FROM passage_terms WHERE weights::text LIKE '{7:1.%,900:1.%}%'`:       27,
		`SELECT count(*)::integer FROM passage_terms WHERE weights::text = '{}/1000000000'`:             3,
		`SELECT count(*)::integer FROM passage_terms WHERE term_ids && '{100}' AND weights IS NOT NULL`: 12,
	} {
		var got int
		require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&got), query)
		require.Equal(t, want, got, query)
	}
	_, err = pool.Exec(t.Context(), `DELETE FROM articles WHERE slug = 'a1'`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.NoError(t, migrations.Up(t.Context(), pool))
}

// A replica of the version before makes an index that it does not find by its name; on the way back it must find none.
func TestIndexesOfVectorsGoAndLeaveTheirNames(t *testing.T) {
	t.Parallel()

	const version = 35
	pool := empty(t)
	steps := provider(t, pool)
	_, err := steps.UpTo(t.Context(), version-1)
	require.NoError(t, err)
	for _, index := range []string{"embeddings_hnsw_1", "embeddings_hnsw_1_zh_hans"} {
		_, err := pool.Exec(t.Context(), `CREATE INDEX `+index+` ON embeddings USING hnsw ((embedding::halfvec(8)) halfvec_cosine_ops)`)
		require.NoError(t, err)
	}
	methods := func() []string {
		rows, err := pool.Query(t.Context(), `SELECT format('%s %s %s', c.relname, m.amname, pg_get_expr(i.indpred, i.indrelid))
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam WHERE c.relname LIKE 'embeddings_hnsw%' ORDER BY 1`)
		require.NoError(t, err)
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return names
	}
	require.Equal(t, []string{"embeddings_hnsw_1 hnsw ", "embeddings_hnsw_1_zh_hans hnsw "}, methods())
	_, err = steps.UpTo(t.Context(), version)
	require.NoError(t, err)
	require.Equal(t, []string{"embeddings_hnsw_1 btree false", "embeddings_hnsw_1_zh_hans btree false"}, methods())
	_, err = steps.DownTo(t.Context(), version-1)
	require.NoError(t, err)
	require.Empty(t, methods())
	_, err = steps.UpTo(t.Context(), version)
	require.NoError(t, err)
}
