package migrations_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/migrations"
)

// object is a part of the schema that statements of the version before rely on.
type object struct {
	Columns []string // of a constraint or an index
	Kind    string   // column, constraint, default, function, index, required, table, trigger
	Name    string
	Table   string // "" for functions
	Says    string // its definition
}

// objects lists them. A column that must be given a value, since it has no default and may not be null, is also "required".
const objects = `
	SELECT 'table' AS kind, c.relname::text AS name, c.relname::text AS "table", '' AS says, '{}'::text[] AS columns
	FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = 'public'::regnamespace
	UNION ALL
	SELECT k.kind, a.attname, c.relname, k.says, '{}'
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,
	LATERAL (VALUES
		('column', true, format_type(a.atttypid, a.atttypmod)),
		('required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', ''),
		('default', a.atthasdef OR a.attidentity <> '', '')) AS k (kind, there, says)
	WHERE k.there AND c.relkind IN ('r', 'p', 'v') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'constraint', k.conname, k.conrelid::regclass::text, pg_get_constraintdef(k.oid),
		(SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey))
	FROM pg_constraint k WHERE k.conrelid <> 0 AND k.connamespace = 'public'::regnamespace
	UNION ALL
	SELECT 'index', i.indexrelid::regclass::text, i.indrelid::regclass::text, CASE WHEN i.indisunique THEN 'unique' ELSE '' END,
		(SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey))
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
	UNION ALL
	SELECT 'trigger', t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid), '{}' FROM pg_trigger t WHERE NOT t.tgisinternal
	UNION ALL
	SELECT 'function', p.oid::regprocedure::text, '', pg_get_function_result(p.oid), '{}' FROM pg_proc p
	WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`

// hurts lists what a step of the schema does to statements of the version before, which still runs: what they use is gone or another.
func hurts(before, after []object) (lines []string) {
	for _, o := range before {
		switch o.Kind {
		case "column", "function":
			if !among(after, o, sameDefinition) {
				lines = append(lines, fmt.Sprintf("%s %s %s is gone or changed", o.Kind, o.Table, o.Name))
			}
		case "default", "table":
			if !among(after, o, sameName) {
				lines = append(lines, fmt.Sprintf("%s %s %s is gone", o.Kind, o.Table, o.Name))
			}
		}
	}
	for _, o := range after {
		if o.Kind == "required" && oldTable(before, o.Table) && !among(before, o, sameName) {
			lines = append(lines, fmt.Sprintf("column %s %s needs a value", o.Table, o.Name))
		}
	}
	return lines
}

// mayHurt lists what may refuse what the version before writes. It may be harmless: a longer list of states is.
func mayHurt(before, after []object) (lines []string) {
	for _, o := range after {
		isRule := o.Kind == "constraint" || o.Kind == "trigger" || o.Kind == "index" && o.Says == "unique"
		ofNew := len(o.Columns) > 0 && !slices.ContainsFunc(o.Columns, func(column string) bool {
			return among(before, object{Kind: "column", Name: column, Table: o.Table}, sameName)
		})
		if isRule && !ofNew && oldTable(before, o.Table) && !among(before, o, sameDefinition) {
			lines = append(lines, fmt.Sprintf("%s %s on %s is new or changed", o.Kind, o.Name, o.Table))
		}
	}
	return lines
}

func oldTable(before []object, name string) bool {
	return among(before, object{Kind: "table", Name: name, Table: name}, sameName)
}

func among(list []object, o object, same func(a, b object) bool) bool {
	return slices.ContainsFunc(list, func(p object) bool { return same(p, o) })
}

func sameName(a, b object) bool { return a.Kind == b.Kind && a.Name == b.Name && a.Table == b.Table }

func sameDefinition(a, b object) bool { return sameName(a, b) && a.Says == b.Says }

// tried is the newest migration over which builds were replaced under load, by "go run ./cmd/faults upgrade": from 21 to 37.
const tried = 37

// harmless are findings of later migrations, "34 constraint runs_outcome_check on runs is new or changed", and why the version before goes
// on all the same.
func harmless() map[string]string { return map[string]string{} }

// TestReplicasOfTheVersionBeforeOutliveEachMigration is the rule for every new migration.
func TestReplicasOfTheVersionBeforeOutliveEachMigration(t *testing.T) {
	t.Parallel()

	const rule = "migration %d: %s. Replicas of the version before still run while it is applied: add first, remove a release later."
	pool := empty(t)
	steps := provider(t, pool)
	var before []object
	unused := harmless()
	for _, source := range steps.ListSources() {
		_, err := steps.UpTo(t.Context(), source.Version)
		require.NoError(t, err)
		after := inSchema(t, pool)
		for _, line := range hurts(before, after) {
			require.Failf(t, "not for a rolling upgrade", rule, source.Version, line)
		}
		for _, line := range mayHurt(before, after) {
			finding := fmt.Sprintf("%d %s", source.Version, line)
			require.True(t, source.Version <= tried || unused[finding] != "",
				rule+" Where they go on all the same, say why in harmless.", source.Version, line)
			delete(unused, finding)
		}
		before = after
	}
	require.NotEmpty(t, before)
	require.Empty(t, unused, "listed, and no migration does it")
}

// A rule that finds nothing would prove nothing.
func TestWhatTheVersionBeforeWouldNotOutliveIsFound(t *testing.T) {
	t.Parallel()

	pool := empty(t)
	require.NoError(t, migrations.Up(t.Context(), pool))
	before := inSchema(t, pool)
	for statement, want := range map[string]string{
		`ALTER TABLE feedback DROP COLUMN comment`:                                 "column feedback comment is gone or changed",
		`ALTER TABLE feedback RENAME COLUMN comment TO words`:                      "column feedback comment is gone or changed",
		`ALTER TABLE feedback ALTER COLUMN rating TYPE bigint`:                     "column feedback rating is gone or changed",
		`ALTER TABLE feedback RENAME TO opinions`:                                  "table feedback feedback is gone",
		`ALTER TABLE feedback ADD COLUMN mood text NOT NULL`:                       "column feedback mood needs a value",
		`ALTER TABLE messages ALTER COLUMN agent_id SET NOT NULL`:                  "column messages agent_id needs a value",
		`ALTER TABLE tickets ALTER COLUMN queue DROP DEFAULT`:                      "default tickets queue is gone",
		`ALTER TABLE feedback ADD CONSTRAINT kind CHECK (rating > 1)`:              "constraint kind on feedback is new or changed",
		`CREATE UNIQUE INDEX one ON runs (conversation_id)`:                        "index one on runs is new or changed",
		`CREATE TRIGGER no BEFORE DELETE ON runs EXECUTE FUNCTION forbid_change()`: "trigger no on runs is new or changed",
		`DROP FUNCTION forbid_change() CASCADE`:                                    "function  forbid_change() is gone or changed",
	} {
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			require.NoError(t, err, statement)
			rows, err := tx.Query(t.Context(), objects)
			require.NoError(t, err)
			after, err := pgx.CollectRows(rows, pgx.RowToStructByName[object])
			require.NoError(t, err)
			require.Contains(t, slices.Concat(hurts(before, after), mayHurt(before, after)), want, statement)
			return pgx.ErrTxClosed // take it back
		})
		require.ErrorIs(t, err, pgx.ErrTxClosed)
	}
	for _, statement := range []string{
		`CREATE TABLE novelties (id bigint PRIMARY KEY, name text NOT NULL UNIQUE)`,
		`ALTER TABLE feedback ADD COLUMN mood text`,
		`ALTER TABLE feedback ADD COLUMN mark text NOT NULL DEFAULT '' CHECK (length(mark) < 10)`,
		`CREATE INDEX one ON runs (conversation_id, outcome)`,
	} {
		_, err := pool.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	after := inSchema(t, pool)
	require.Empty(t, slices.Concat(hurts(before, after), mayHurt(before, after)))
}

func TestAMigrationThatWaitsForATableLetsOthersThrough(t *testing.T) {
	t.Parallel()

	const versionBefore = 27 // the next one changes the table of messages
	pool := empty(t)
	_, err := provider(t, pool).UpTo(t.Context(), versionBefore)
	require.NoError(t, err)
	reading, err := pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = reading.Rollback(context.WithoutCancel(t.Context())) }) // when the test fails
	_, err = reading.Exec(t.Context(), `SELECT FROM messages`)
	require.NoError(t, err)

	migrated := make(chan error, 1)
	go func() { migrated <- migrations.Up(t.Context(), pool) }()
	require.Eventually(t, func() bool {
		var waits bool
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT EXISTS (
			SELECT FROM pg_locks WHERE relation = 'messages'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted)`).Scan(&waits))
		return waits
	}, time.Minute, time.Millisecond)
	others, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = pool.Exec(others, `SELECT FROM messages`)
	require.NoError(t, err, "it waits behind the migration, which waits for whoever reads")

	require.NoError(t, reading.Rollback(t.Context()))
	require.NoError(t, <-migrated)
	requireLatest(t, pool)
}

func provider(t *testing.T, pool *pgxpool.Pool) *goose.Provider {
	t.Helper()
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	steps, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	return steps
}

func inSchema(t *testing.T, pool *pgxpool.Pool) []object {
	t.Helper()
	rows, err := pool.Query(t.Context(), objects)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[object])
	require.NoError(t, err)
	return list
}
