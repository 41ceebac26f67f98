// Package postgres keeps conversations, runs, tickets, drafts, agents, sessions, keys and the audit log in PostgreSQL.
//
// The invariants that matter most stand in the schema (package migrations), so that a defect here ends in an error and
// not in a lost question or a second ticket. The knowledge base has its own tables and its own package: retrieval.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

const (
	// connectionsPerCore: a pool of one connection a core starves callers that wait for a commit; measured, four a core
	// give all of the throughput that 32 do.
	connectionsPerCore = 4
	connectTimeout     = 5 * time.Second
	// statementTimeout ends a statement that a lost caller left behind. It is well above any deadline of a request.
	statementTimeout = "60s"
)

// Open returns a pool for the database at address, with the vector types registered. It does not connect yet. A program that seals
// texts opens it with a Claim.
func Open(ctx context.Context, address string) (*pgxpool.Pool, error) {
	return open(ctx, address, pgxvec.RegisterTypes)
}

func open(ctx context.Context, address string, prepare func(context.Context, *pgx.Conn) error) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	connections := connectionsPerCore * runtime.GOMAXPROCS(0)
	config.MaxConns = max(config.MaxConns, int32(connections)) //nolint:gosec // a machine's cores fit in 32 bits
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "deskhand"
	config.ConnConfig.RuntimeParams["statement_timeout"] = statementTimeout
	config.AfterConnect = prepare
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open pool: %w", err)
	}
	return pool, nil
}

// WithDatabase returns the address of another database on the server at address, which is a URL.
func WithDatabase(address, database string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" {
		return "", errors.New("the database address is not a URL like postgres://user@host/database")
	}
	parsed.Path = "/" + database
	return parsed.String(), nil
}

// EnqueueFunc stores a job in the transaction of the change that needs it.
type EnqueueFunc func(ctx context.Context, tx pgx.Tx, job assistant.Job) error

// Store implements assistant.Store and what the desk and the HTTP interface need beside it. It is safe for concurrent use.
type Store struct {
	channels *registryCache
	clock    func() time.Time
	deliver  DeliverFunc // nil: nobody is told of changes
	enqueue  EnqueueFunc
	expect   func(position int64) // is told of each event; nil: nobody waits for them
	hasher   *access.Hasher
	plans    *planCache
	pool     *pgxpool.Pool
	vault    *Vault // nil: texts are stored as they are
}

// New returns a Store on a migrated database.
func New(pool *pgxpool.Pool, clock func() time.Time, enqueue EnqueueFunc) *Store {
	return &Store{channels: &registryCache{}, clock: clock, enqueue: enqueue, hasher: access.NewHasher(), plans: &planCache{}, pool: pool}
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// querier is what a pool and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// violated reports whether err is the violation of the named constraint or index.
func violated(err error, constraint string) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.ConstraintName == constraint
}

// collectOne returns the only row as a T, or an Error with CodeNotFound that says what was not found.
func collectOne[T any](rows pgx.Rows, what string) (T, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return row, assistant.Errorf(assistant.CodeNotFound, "%s not found", what)
	}
	if err != nil {
		return row, fmt.Errorf("read %s: %w", what, err)
	}
	return row, nil
}
