package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	// ErrNoCopy: a database that was named as a copy takes changes of its own, or belongs to another server.
	ErrNoCopy = errors.New("no copy of this database")
	// ErrLags: a copy does not follow, or not in time.
	ErrLags = errors.New("does not follow")
)

// copyLook is how often a copy is asked whether it has come so far.
const copyLook = 50 * time.Millisecond

// Lag writes nothing but a sign into the primary's log and returns how long a copy took until it had read that. When ctx ends before,
// it is ErrLags, with how much is missing. What is no copy of the primary is ErrNoCopy.
func Lag(ctx context.Context, primary, copied *pgxpool.Pool) (time.Duration, error) {
	const identity = `SELECT (pg_control_system()).system_identifier, pg_is_in_recovery()`
	var own, its int64
	var recovers bool
	if err := primary.QueryRow(ctx, identity).Scan(&own, &recovers); err != nil {
		return 0, fmt.Errorf("identify the database: %w", err)
	}
	if err := copied.QueryRow(ctx, identity).Scan(&its, &recovers); err != nil {
		return 0, fmt.Errorf("identify the copy: %w", err)
	}
	if own != its {
		return 0, fmt.Errorf("%w: it belongs to another server, or follows it by logical replication", ErrNoCopy)
	}
	if !recovers {
		return 0, fmt.Errorf("%w: it takes changes of its own: it was promoted, or is the database itself", ErrNoCopy)
	}
	// A transaction that has a number leaves its end in the log, though it changes nothing.
	if _, err := primary.Exec(ctx, `SELECT pg_current_xact_id()`); err != nil {
		return 0, fmt.Errorf("leave a sign: %w", err)
	}
	var sign string
	if err := primary.QueryRow(ctx, `SELECT pg_current_wal_insert_lsn()::text`).Scan(&sign); err != nil {
		return 0, fmt.Errorf("leave a sign: %w", err)
	}
	return await(ctx, copied, sign)
}

// await returns when a copy has read the log up to a place.
func await(ctx context.Context, copied *pgxpool.Pool, place string) (time.Duration, error) {
	ticker, looks, missing := time.NewTicker(copyLook), 0, int64(-1)
	defer ticker.Stop()
	for {
		err := copied.QueryRow(ctx, `
			SELECT pg_wal_lsn_diff($1::text::pg_lsn, coalesce(pg_last_wal_replay_lsn(), '0/0'))::bigint`, place).Scan(&missing)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			return 0, fmt.Errorf("look how far the copy is: %w", err)
		case missing <= 0:
			return time.Duration(looks) * copyLook, nil
		}
		select {
		case <-ticker.C:
			looks++
		case <-ctx.Done():
			return 0, fmt.Errorf("%w: %d bytes of the log are missing", ErrLags, missing)
		}
	}
}
