package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Snapshot is the database at one moment, as a backup of that moment has it.
type Snapshot struct {
	Audit  ChainHead
	Counts map[string]int64 // rows of each table
	ID     string           // of the snapshot, for another session that wants to see the same; it lives as long as the transaction
	Server int              // the server's version, such as 150020
}

// Snapshot gives use what the database holds at one moment, and keeps that moment open until use returns.
func (s *Store) Snapshot(ctx context.Context, use func(Snapshot) error) error {
	options := pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		// A table of years is counted, and stays as it is while it is copied, for longer than a request may take.
		for _, setting := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
			if _, err := tx.Exec(ctx, "SET LOCAL "+setting+" = 0"); err != nil {
				return fmt.Errorf("lift time limit: %w", err)
			}
		}
		snapshot, err := readSnapshot(ctx, tx)
		if err != nil {
			return err
		}
		return use(snapshot)
	})
}

func readSnapshot(ctx context.Context, tx pgx.Tx) (Snapshot, error) {
	snapshot := Snapshot{Counts: make(map[string]int64)}
	var hash []byte
	err := tx.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, h.position, h.hash FROM audit_head h`).
		Scan(&snapshot.Server, &snapshot.Audit.Position, &hash)
	if err != nil {
		return snapshot, fmt.Errorf("read head of the audit log: %w", err)
	}
	copy(snapshot.Audit.Hash[:], hash)
	tables, err := Tables(ctx, tx)
	if err != nil {
		return snapshot, err
	}
	for _, table := range tables {
		var n int64
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()).Scan(&n); err != nil {
			return snapshot, fmt.Errorf("count rows of %s: %w", table, err)
		}
		snapshot.Counts[table] = n
	}
	// Last: it is of the snapshot that all of the above was read in.
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&snapshot.ID); err != nil {
		return snapshot, fmt.Errorf("export snapshot: %w", err)
	}
	return snapshot, nil
}

// Tables are the names of all tables in the database's own schema, but for those of extensions.
func Tables(ctx context.Context, q querier) ([]string, error) {
	rows, err := q.Query(ctx, `
		SELECT c.relname::text FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
		ORDER BY c.relname`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return tables, nil
}

// Target is a database that a backup may be restored into.
type Target struct {
	Sessions int // of others
	Tables   []string
}

// LookAtTarget says whether a database is empty and nobody uses it.
func LookAtTarget(ctx context.Context, address string) (target Target, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return target, fmt.Errorf("look at the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'deskhand' AND pid <> pg_backend_pid()`).
		Scan(&target.Sessions)
	if err != nil {
		return target, fmt.Errorf("look for sessions: %w", err)
	}
	target.Tables, err = Tables(ctx, conn)
	return target, err
}

// Clear drops all that the database's own schema holds, but for what belongs to extensions, or nothing.
func Clear(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("empty the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, `
		DO $$
		DECLARE statement text;
		BEGIN
			FOR statement IN
				SELECT format('DROP %s IF EXISTS %s CASCADE', kind, name) FROM (
					-- A sequence goes with the table that counts by it, and cannot go before.
					SELECT CASE relkind WHEN 'S' THEN 2 ELSE 1 END AS step, oid, 'pg_class'::regclass AS catalog,
						CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE'
							END AS kind,
						oid::regclass::text AS name
					FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
					UNION ALL
					SELECT 3, oid, 'pg_proc'::regclass, 'ROUTINE', oid::regprocedure::text FROM pg_proc
					WHERE pronamespace = 'public'::regnamespace
					UNION ALL
					SELECT 4, oid, 'pg_type'::regclass, 'TYPE', oid::regtype::text FROM pg_type
					WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
				) AS found
				WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = found.oid AND d.classid = found.catalog AND d.deptype = 'e')
				ORDER BY step
			LOOP
				EXECUTE statement;
			END LOOP;
		END $$`)
	if err != nil {
		return fmt.Errorf("empty the database: %w", err)
	}
	return nil
}

// Prepare makes sure that the extension is there: what was dumped with it does not say where it comes from.
func Prepare(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS vector`); err != nil {
		return fmt.Errorf("install the extension vector, as which the database's administrator may have to help: %w", err)
	}
	return nil
}

// ForTools returns an address as PostgreSQL's own programs take it, and the password beside it: without the settings that only
// the pool knows, and without a password that a list of processes would show.
func ForTools(address string) (plain, password string, err error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" {
		return "", "", errors.New("the database address is not a URL like postgres://user@host/database")
	}
	if parsed.User != nil {
		password, _ = parsed.User.Password()
		parsed.User = url.User(parsed.User.Username())
	}
	query := parsed.Query()
	for key := range query {
		if strings.HasPrefix(key, "pool_") || slices.Contains(
			[]string{"default_query_exec_mode", "description_cache_capacity", "statement_cache_capacity"}, key) {
			query.Del(key)
		}
	}
	if given := query.Get("password"); given != "" {
		password = given
		query.Del("password")
	}
	parsed.RawQuery = query.Encode()
	return parsed.String(), password, nil
}
