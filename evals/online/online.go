// Package online keeps what evals make of live traffic: samples of questions for review with their labels, looks for drift, what a
// candidate would have done with a question, and checks of articles before they go live.
//
// It reads the desk's records and changes none of them; what it keeps stands in tables of its own. Texts are sealed and opened as the
// desk's are. Statistics are package evals'.
package online

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// AuditFunc writes an entry of the audit log in the transaction of a change. postgres.Store.Audit is one.
type AuditFunc func(ctx context.Context, tx pgx.Tx, entry postgres.Entry) error

// Config is what a Store is made of.
type Config struct {
	Audit AuditFunc
	Clock func() time.Time
	Pool  *pgxpool.Pool // of a migrated database
	Vault *postgres.Vault
}

// Store is safe for concurrent use.
type Store struct{ Config }

// New returns a Store.
func New(config Config) *Store { return &Store{Config: config} }

// entry is a line of the audit log about what an actor did.
func entry(actor desk.Actor, action string, detail map[string]any) postgres.Entry {
	if detail == nil {
		detail = make(map[string]any)
	}
	if actor.Via != "" {
		detail["via"] = actor.Via
	}
	return postgres.Entry{Action: action, Actor: actor.String(), Detail: detail}
}

// violated reports whether err is the violation of the named constraint.
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
