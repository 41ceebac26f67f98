package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

// limit is a throttle on what is counted under a key.
type limit struct {
	key      []byte
	shared   bool // by people who have nothing to do with each other
	throttle access.Throttle
}

// triesKept is how long failures are kept: longer than any throttle remembers them.
const triesKept = 48 * time.Hour

// take counts a try under each limit before it is known how it ends, so that a thousand at once are worth no more than one
// after the other. While one of them says wait, nothing is counted and the time until which to wait comes back.
func (s *Store) take(ctx context.Context, limits []limit) (time.Time, error) {
	var until time.Time
	// One order for all, so that two log-ins never wait for each other in a ring.
	slices.SortFunc(limits, func(a, b limit) int { return bytes.Compare(a.key, b.key) })
	errBlocked := errors.New("blocked")
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		now := s.clock()
		for _, l := range limits {
			tries, err := lockTries(ctx, tx, l.key, now)
			if err != nil {
				return err
			}
			next, allowed := l.throttle.Try(tries, now)
			if !allowed {
				until = tries.BlockedUntil
				return errBlocked // takes back what was counted so far
			}
			_, err = tx.Exec(ctx, `
				UPDATE login_tries SET failures = @failures, last_at = @last_at, blocked_until = @blocked_until WHERE key = @key`,
				pgx.NamedArgs{"key": l.key, "failures": next.Failures, "last_at": next.LastAt, "blocked_until": next.BlockedUntil})
			if err != nil {
				return fmt.Errorf("count try: %w", err)
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM login_tries WHERE key IN (
				SELECT key FROM login_tries WHERE last_at < @before ORDER BY last_at LIMIT 10 FOR UPDATE SKIP LOCKED)`,
			pgx.NamedArgs{"before": now.Add(-triesKept)})
		if err != nil {
			return fmt.Errorf("forget old tries: %w", err)
		}
		return nil
	})
	if errors.Is(err, errBlocked) {
		return until, nil
	}
	return until, err
}

// forgive forgets the tries of a place that has turned out to be its owner's. What a whole network tried stays counted, but
// for this one: who has an account must not be able to clear the way for guesses at others.
func (s *Store) forgive(ctx context.Context, tx pgx.Tx, limits []limit) error {
	for _, l := range limits {
		_, err := tx.Exec(ctx, `
			UPDATE login_tries SET failures = CASE WHEN @shared THEN greatest(failures - 1, 0) ELSE 0 END, blocked_until = @now
			WHERE key = @key`, pgx.NamedArgs{"key": l.key, "now": s.clock(), "shared": l.shared})
		if err != nil {
			return fmt.Errorf("forget tries: %w", err)
		}
	}
	return nil
}

// lockTries returns what is counted under a key and holds it until the transaction ends.
func lockTries(ctx context.Context, tx pgx.Tx, key []byte, now time.Time) (access.Tries, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO login_tries (key, failures, last_at, blocked_until) VALUES (@key, 0, @now, @now)
		ON CONFLICT (key) DO UPDATE SET key = excluded.key
		RETURNING blocked_until, failures, last_at`, pgx.NamedArgs{"key": key, "now": now})
	if err != nil {
		return access.Tries{}, fmt.Errorf("read tries: %w", err)
	}
	return collectOne[access.Tries](rows, "tries")
}

// tooManyTries says how long to wait. It says the same for names that exist and for names that do not.
func (s *Store) tooManyTries(until time.Time) error {
	return &assistant.Error{
		Code: assistant.CodeThrottled, Message: "too many failed tries: wait, then try again",
		RetryAfter: max(until.Sub(s.clock()), time.Second),
	}
}
