// Package migrations brings a database to the schema that this build needs: River's tables first, then the numbered
// SQL files beside this one, which goose applies in order, each in its own transaction.
//
// Both run under one session advisory lock, so that replicas which start at the same moment wait for each other and
// the later ones find nothing left to do. The package does not create databases or roles and does not look at data.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed *.sql
var files embed.FS

const (
	// lockID names the advisory lock; any number that nothing else in the database uses will do.
	lockID = 7_236_512_930_114

	// The lock is polled, not waited for: a session that waits inside pg_advisory_lock holds a snapshot, on which the
	// holder's CREATE INDEX CONCURRENTLY would wait in turn, for ever. A large index build of the replica that holds it
	// may take minutes; the context of the caller may end the wait earlier.
	lockPollSeconds = 1
	lockPolls       = 1800

	// One connection holds the lock while another migrates; goose looks at versions through a third.
	connections = 3

	// tableWait is how long a migration waits for a table that is in use. Whoever comes after it waits behind it, so it gives up, lets
	// them through and tries again. It is shorter than PostgreSQL's deadlock_timeout (1 s): when a migration and a replica of the version
	// before each hold what the other needs, the migration is what steps back, and no customer's question fails.
	tableWait = 300 * time.Millisecond
	// tablePause is between two tries, for whoever waited.
	tablePause = 500 * time.Millisecond
	// tableTries take a minute and a half: a backup, or an import, holds its tables for longer, and then a person decides.
	tableTries = 120

	// PostgreSQL's codes of what another try may do.
	lockNotAvailable = "55P03"
	deadlockDetected = "40P01"

	// riverRemoveAll is River's target version that takes its whole schema away.
	riverRemoveAll = -1
)

// Up applies every migration that the database lacks. It opens its own few connections with the pool's configuration,
// without the pool's hooks, so that a pool whose AfterConnect needs the vector type works on an empty database too.
func Up(ctx context.Context, pool *pgxpool.Pool) error {
	if done, err := upToDate(ctx, pool); err != nil {
		return fmt.Errorf("migrate up: %w", err)
	} else if done {
		return nil
	}
	if err := locked(ctx, pool, upPolitely); err != nil {
		return fmt.Errorf("migrate up: %w", err)
	}
	return nil
}

// upPolitely applies what is missing, each migration again while others use its tables.
func upPolitely(ctx context.Context, s session) error {
	for try := 1; ; try++ {
		err := s.up(ctx)
		if try == tableTries || !inUse(err) {
			return err
		}
		select {
		case <-time.After(tablePause):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// inUse reports whether a migration was taken back because others used its tables.
func inUse(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refused.Code == lockNotAvailable || refused.Code == deadlockDetected)
}

// upToDate reports whether the database has every migration, on one connection and without the lock: each is recorded when it has
// ended, and none is taken back while a service starts. To ask River and goose takes ten times as long.
func upToDate(ctx context.Context, pool *pgxpool.Pool) (done bool, err error) {
	numbers, err := numbered()
	if err != nil {
		return false, err
	}
	river, err := newRiver(nil)
	if err != nil {
		return false, err
	}
	rivers := river.AllVersions()
	config := pool.Config().ConnConfig
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var tables bool
	const both = `SELECT to_regclass('river_migration') IS NOT NULL AND to_regclass('` + goose.DefaultTablename + `') IS NOT NULL`
	if err := conn.QueryRow(ctx, both).Scan(&tables); err != nil || !tables {
		return false, err
	}
	var missing bool
	err = conn.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM unnest($1::bigint[]) n WHERE n NOT IN (SELECT version_id FROM `+goose.DefaultTablename+` WHERE is_applied)
		) OR NOT EXISTS (SELECT FROM river_migration WHERE line = 'main' AND version >= $2)`,
		numbers, rivers[len(rivers)-1].Version).Scan(&missing)
	return !missing, err
}

// numbered are the numbers of the files.
func numbered() ([]int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	numbers := make([]int64, len(names))
	for i, name := range names {
		if numbers[i], err = goose.NumericComponent(name); err != nil {
			return nil, fmt.Errorf("read number of migration %s: %w", name, err)
		}
	}
	return numbers, nil
}

// Down takes every migration back, with all data. It is for tests.
func Down(ctx context.Context, pool *pgxpool.Pool) error {
	err := locked(ctx, pool, func(ctx context.Context, s session) error {
		if _, err := s.goose.DownTo(ctx, 0); err != nil {
			return fmt.Errorf("revert migrations: %w", err)
		}
		opts := &rivermigrate.MigrateOpts{TargetVersion: riverRemoveAll}
		if _, err := s.river.Migrate(ctx, rivermigrate.DirectionDown, opts); err != nil {
			return fmt.Errorf("revert River's migrations: %w", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrate down: %w", err)
	}
	return nil
}

// Version returns the number of the newest numbered migration in the database, 0 for an empty one.
func Version(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	version := int64(0)
	// Not through goose, which would create its table: reading the version must not need the right to write.
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var migrated bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", goose.DefaultTablename).Scan(&migrated); err != nil {
			return fmt.Errorf("look for version table: %w", err)
		}
		if !migrated {
			return nil
		}
		return tx.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename).Scan(&version)
	})
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return version, nil
}

// Latest returns the number of the newest migration in this build.
func Latest() (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	latest := int64(0)
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("read number of migration %s: %w", name, err)
		}
		latest = max(latest, version)
	}
	return latest, nil
}

// Fingerprint is a short hash over everything that Up would run on an empty database, River's part included. Two
// builds with the same fingerprint make the same schema.
func Fingerprint() (string, error) {
	sum := sha256.New()
	river, err := newRiver(nil)
	if err != nil {
		return "", err
	}
	for _, migration := range river.AllVersions() {
		sum.Write(fmt.Appendf(nil, "river %d %d\n%s", migration.Version, len(migration.SQLUp), migration.SQLUp))
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read migration: %w", err)
		}
		sum.Write(fmt.Appendf(nil, "%s %d\n%s", name, len(text), text))
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// session is what runs while the lock is held.
type session struct {
	goose *goose.Provider
	river *rivermigrate.Migrator[pgx.Tx]
}

// locked runs the work while it holds the advisory lock on a connection of its own.
func locked(ctx context.Context, pool *pgxpool.Pool, work func(context.Context, session) error) (err error) {
	own, err := ownPool(ctx, pool)
	if err != nil {
		return err
	}
	defer own.Close()
	db := stdlib.OpenDBFromPool(own)
	defer func() { err = errors.Join(err, db.Close()) }()

	s, err := newSession(own, db)
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID), lock.WithLockTimeout(lockPollSeconds, lockPolls))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("take migration lock: %w", err)
	}
	// A cancelled caller must give the lock back too.
	defer func() { err = errors.Join(err, locker.SessionUnlock(context.WithoutCancel(ctx), conn)) }()
	return work(ctx, s)
}

// up applies what is missing.
func (s session) up(ctx context.Context) error {
	if _, err := s.river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("apply River's migrations: %w", err)
	}
	if _, err := s.goose.Up(ctx); err != nil {
		return fmt.Errorf("apply migrations: %w", err)
	}
	return nil
}

func newSession(pool *pgxpool.Pool, db *sql.DB) (session, error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return session{}, fmt.Errorf("read migrations: %w", err)
	}
	river, err := newRiver(pool)
	if err != nil {
		return session{}, err
	}
	return session{goose: provider, river: river}, nil
}

func newRiver(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	river, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("make River's migrator: %w", err)
	}
	return river, nil
}

func ownPool(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Pool, error) {
	config := pool.Config()
	config.AfterConnect, config.AfterRelease = nil, nil
	config.PrepareConn = nil
	config.MaxConns, config.MinConns, config.MinIdleConns = connections, 0, 0
	// An index build outlasts any limit that suits the service's own queries.
	config.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	config.ConnConfig.RuntimeParams["lock_timeout"] = strconv.FormatInt(tableWait.Milliseconds(), 10)
	own, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open migration pool: %w", err)
	}
	return own, nil
}
