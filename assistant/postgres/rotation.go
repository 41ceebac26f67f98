package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/seal"
)

// rewrapBatch is how many data keys are wrapped anew in one transaction: a third of a year.
const rewrapBatch = 128

// Rotate wraps every data key by the first key of the file, and returns how many others had wrapped. Texts stay as they are. It may
// be broken off and called again. Afterwards nothing needs the other keys of the file.
func (s *Store) Rotate(ctx context.Context, actor desk.Actor, observe func(keys int)) (rotated int, err error) {
	if s.vault == nil {
		return 0, ErrNoKeys
	}
	for {
		var found int
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			var err error
			if found, err = s.vault.rewrap(ctx, tx); err != nil || found == 0 {
				return err
			}
			return s.Audit(ctx, tx, Entry{
				Action: "encryption.rotate", Actor: actor.String(), SubjectID: s.vault.keys.Current(), SubjectKind: "encryption_key",
				Detail: withVia(map[string]any{"data_keys": found}, actor),
			})
		})
		if err != nil {
			return rotated, fmt.Errorf("rotate: %w", err)
		}
		if found == 0 {
			return rotated, nil
		}
		rotated += found
		if observe != nil {
			observe(found)
		}
	}
}

func (v *Vault) rewrap(ctx context.Context, tx pgx.Tx) (int, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, kek_id AS kek, wrapped AS bytes FROM data_keys WHERE kek_id <> @current ORDER BY id LIMIT @limit FOR UPDATE`,
		pgx.NamedArgs{"current": v.keys.Current(), "limit": rewrapBatch})
	if err != nil {
		return 0, fmt.Errorf("lock data keys: %w", err)
	}
	old, err := pgx.CollectRows(rows, pgx.RowToStructByName[seal.Wrapped])
	if err != nil {
		return 0, fmt.Errorf("lock data keys: %w", err)
	}
	var batch pgx.Batch
	for _, wrapped := range old {
		anew, err := v.keys.Rewrap(wrapped)
		if err != nil {
			return 0, err
		}
		batch.Queue(`UPDATE data_keys SET kek_id = @kek, wrapped = @bytes WHERE id = @id`,
			pgx.NamedArgs{"bytes": anew.Bytes, "id": anew.ID, "kek": anew.KEK})
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return 0, fmt.Errorf("keep data keys: %w", err)
	}
	return len(old), nil
}

// SealedPlace says how much of a column is sealed.
type SealedPlace struct {
	Open   int    `json:"open"` // still as it was written
	Place  string `json:"place"`
	Sealed int    `json:"sealed"`
}

// WrappedBy says how many data keys a key-encryption key wraps.
type WrappedBy struct {
	DataKeys int    `json:"data_keys"`
	KEK      string `db:"kek"         json:"key"`
}

// Sealing is how far the encryption is.
type Sealing struct {
	Keys   []WrappedBy   `json:"keys"`
	Places []SealedPlace `json:"places"`
}

// Sealed counts what is sealed.
func (s Sealing) Sealed() int {
	sum := 0
	for _, p := range s.Places {
		sum += p.Sealed
	}
	return sum
}

// Open counts what is still as it was written.
func (s Sealing) Open() int {
	sum := 0
	for _, p := range s.Places {
		sum += p.Open
	}
	return sum
}

// Sealing reads every column that may be sealed: it takes a while on a large desk.
func (s *Store) Sealing(ctx context.Context) (Sealing, error) {
	var found Sealing
	for _, p := range places() {
		rows, err := s.pool.Query(ctx, `
			SELECT count(*) FILTER (WHERE `+p.open()+`) AS open, count(*) FILTER (WHERE is_sealed(`+p.stored()+`)) AS sealed, @name AS place
			FROM `+p.table+` x`, pgx.NamedArgs{"name": p.title()})
		if err != nil {
			return found, fmt.Errorf("count %s: %w", p.name, err)
		}
		counted, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[SealedPlace])
		if err != nil {
			return found, fmt.Errorf("count %s: %w", p.name, err)
		}
		found.Places = append(found.Places, counted)
	}
	rows, err := s.pool.Query(ctx, `SELECT kek_id AS kek, count(*) AS data_keys FROM data_keys
		WHERE retired_at IS NULL GROUP BY kek_id ORDER BY kek_id`)
	if err != nil {
		return found, fmt.Errorf("count data keys: %w", err)
	}
	if found.Keys, err = pgx.CollectRows(rows, pgx.RowToStructByName[WrappedBy]); err != nil {
		return found, fmt.Errorf("count data keys: %w", err)
	}
	return found, nil
}
