package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/seal"
)

// activeDataKey is SQL: encryption is on.
const activeDataKey = `SELECT EXISTS (SELECT FROM data_keys WHERE retiring_at IS NULL)`

// Encrypted reports whether programs with the file of keys seal what they store.
func (s *Store) Encrypted(ctx context.Context) (bool, error) {
	var on bool
	if err := s.pool.QueryRow(ctx, activeDataKey).Scan(&on); err != nil {
		return false, fmt.Errorf("look for data keys: %w", err)
	}
	return on, nil
}

// TurnOn turns encryption on, also where it was taken off, and reports whether it was not on already. From then on programs with the
// file of keys seal, and others do not start. The Store has a vault of OpenReader. While encryption is being taken off it is an Error
// with CodeConflict.
func (s *Store) TurnOn(ctx context.Context, actor desk.Actor) (begun bool, err error) {
	if s.vault == nil || s.vault.Seals() {
		return false, errors.New("turn encryption on: the store has no vault that only reads")
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var claimed, on bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock_shared(`+sealingLock+`)`).Scan(&claimed); err != nil {
			return fmt.Errorf("claim encryption: %w", err)
		}
		if !claimed {
			return assistant.Errorf(assistant.CodeConflict, "encryption is being taken off at this moment: wait until that has ended")
		}
		if err := tx.QueryRow(ctx, activeDataKey).Scan(&on); err != nil || on {
			return err
		}
		begun = true
		if err := s.firstDataKey(ctx, tx); err != nil {
			return err
		}
		return s.Audit(ctx, tx, Entry{
			Action: "encryption.on", Actor: actor.String(), SubjectID: s.vault.keys.Current(), SubjectKind: "encryption_key",
			Detail: withVia(map[string]any{}, actor),
		})
	})
	if err != nil {
		return false, fmt.Errorf("turn encryption on: %w", err)
	}
	return begun, nil
}

// firstDataKey makes the data key of today the only one that seals. It was in use already when encryption was taken off today.
func (s *Store) firstDataKey(ctx context.Context, tx pgx.Tx) error {
	_, wrapped, err := s.vault.keys.NewDataKey()
	if err != nil {
		return err
	}
	now := s.clock().UTC()
	rows, err := tx.Query(ctx, `
		INSERT INTO data_keys (id, created_at, day, kek_id, wrapped) VALUES (@id, @now, @day::date, @kek_id, @wrapped)
		ON CONFLICT ON CONSTRAINT data_keys_day_key DO UPDATE SET retiring_at = NULL, retired_at = NULL
		RETURNING id, kek_id AS kek, wrapped AS bytes`,
		pgx.NamedArgs{"day": now.Format(time.DateOnly), "id": wrapped.ID, "kek_id": wrapped.KEK, "now": now, "wrapped": wrapped.Bytes})
	if err != nil {
		return fmt.Errorf("keep data key: %w", err)
	}
	kept, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[seal.Wrapped])
	if err != nil {
		return fmt.Errorf("keep data key: %w", err)
	}
	if !s.vault.keys.Holds(kept.KEK) {
		return fmt.Errorf("%w: the key %s, which was in use today, is needed until tomorrow (UTC)", ErrNoKeys, kept.KEK)
	}
	return nil
}
