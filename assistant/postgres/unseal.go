package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/seal"
)

// lockedPause is how long rows that somebody else works on are left to them.
const lockedPause = 100 * time.Millisecond

// Unsealed is what came of taking encryption off.
type Unsealed struct {
	Broken []string // places and rows of texts that do not open, each as in "messages.body/<id>"; encryption stays on because of them
	Opened int
}

// Unseal takes encryption off: it stores every sealed text as it was written and retires the data keys, so that nobody needs the
// file of keys any more. observe is told of each batch, nil for nobody. It may be broken off and called again. The Store has a vault
// of OpenReader.
//
// While another program seals, or another one takes encryption off, it is an Error with CodeConflict and nothing changes. A program
// that would seal cannot connect meanwhile (Claim). A text that does not open stays as it is, and so do the keys.
func (s *Store) Unseal(ctx context.Context, actor desk.Actor, observe func(place string, rows int)) (Unsealed, error) {
	var result Unsealed
	if s.vault == nil || s.vault.Seals() {
		return result, errors.New("take encryption off: the store has no vault that only reads")
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return result, fmt.Errorf("take encryption off: %w", err)
	}
	if err := holdAlone(ctx, conn); err != nil {
		conn.Release()
		return result, err
	}
	defer giveBack(ctx, conn)
	u := unsealing{conn: conn, observe: observe, store: s}
	err = u.run(ctx, actor)
	return u.result, err
}

// unsealing does all of its work on one connection: when that one is lost, so is the lock, and nothing goes on without it.
type unsealing struct {
	conn    *pgxpool.Conn
	observe func(place string, rows int)
	result  Unsealed
	store   *Store
}

func (u *unsealing) run(ctx context.Context, actor desk.Actor) error {
	const retiring = `UPDATE data_keys SET retiring_at = @now, retired_at = NULL WHERE retiring_at IS NULL`
	if err := u.retire(ctx, retiring, "encryption.opening", actor); err != nil {
		return err
	}
	for left := true; left; {
		if err := u.pass(ctx); err != nil {
			return err
		}
		sealed, err := u.sealed(ctx)
		if err != nil {
			return err
		}
		if left = sealed > len(u.result.Broken); left {
			select {
			case <-ctx.Done():
				return fmt.Errorf("take encryption off: %w", ctx.Err())
			case <-time.After(lockedPause):
			}
		}
	}
	if len(u.result.Broken) > 0 {
		return nil
	}
	const retired = `UPDATE data_keys SET retired_at = @now WHERE retired_at IS NULL`
	return u.retire(ctx, retired, "encryption.off", actor)
}

// pass opens what nobody else works on.
func (u *unsealing) pass(ctx context.Context) error {
	u.result.Broken = nil
	for _, p := range places() {
		if err := u.place(ctx, p); err != nil {
			return fmt.Errorf("open %s: %w", p.name, err)
		}
	}
	return nil
}

// sealed counts what is still sealed. Where one place is copied to another, it is looked at first: see places.
func (u *unsealing) sealed(ctx context.Context) (int, error) {
	sum := 0
	for _, p := range places() {
		var count int
		err := u.conn.QueryRow(ctx, `SELECT count(*) FROM `+p.table+` x WHERE is_sealed(`+p.stored()+`)`).Scan(&count)
		if err != nil {
			return 0, fmt.Errorf("count %s: %w", p.name, err)
		}
		sum += count
	}
	return sum, nil
}

// retire marks the data keys, and says so in the audit log if that changed any.
func (u *unsealing) retire(ctx context.Context, sql, action string, actor desk.Actor) error {
	err := pgx.BeginFunc(ctx, u.conn, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, pgx.NamedArgs{"now": u.store.clock()})
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return u.store.Audit(ctx, tx, Entry{
			Action: action, Actor: actor.String(), SubjectID: u.store.vault.keys.Current(), SubjectKind: "encryption_key",
			Detail: withVia(map[string]any{"data_keys": tag.RowsAffected()}, actor),
		})
	})
	if err != nil {
		return fmt.Errorf("retire data keys: %w", err)
	}
	return nil
}

func (u *unsealing) place(ctx context.Context, p *place) error {
	after := "(0,0)"
	for {
		var found []lockedText
		var done int
		err := pgx.BeginFunc(ctx, u.conn, func(tx pgx.Tx) error {
			var err error
			if found, err = p.lock(ctx, tx, `is_sealed(`+p.stored()+`)`, after); err != nil {
				return err
			}
			done, err = u.rows(ctx, tx, p, found)
			return err
		})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return nil
		}
		after = found[len(found)-1].Tid
		u.result.Opened += done
		if u.observe != nil {
			u.observe(p.name, done)
		}
	}
}

// rows opens texts that are locked, and counts them. Those that do not open are noted.
func (u *unsealing) rows(ctx context.Context, tx pgx.Tx, p *place, found []lockedText) (opened int, err error) {
	var batch pgx.Batch
	for _, stored := range found {
		at := Spot{place: p, row: stored.Row}
		text, err := u.store.vault.openStored(ctx, tx, at, stored.Text)
		if errors.Is(err, seal.ErrBroken) {
			u.result.Broken = append(u.result.Broken, at.String())
			continue
		}
		if err != nil {
			return 0, err
		}
		batch.Queue(`UPDATE `+p.table+` SET `+p.restore()+` WHERE ctid = @tid::text::tid`, pgx.NamedArgs{"text": text, "tid": stored.Tid})
	}
	return batch.Len(), tx.SendBatch(ctx, &batch).Close()
}

// openStored returns what a text is stored as without a vault.
func (v *Vault) openStored(ctx context.Context, q querier, at Spot, stored string) (string, error) {
	if at.place.json {
		opened, err := v.openJSON(ctx, q, at, []byte(stored))
		return string(opened), err
	}
	opened, err := v.Open(ctx, q, at, stored)
	return seal.Plain(opened), err
}

// restore is SQL that puts @text, which was opened, in its place.
func (p *place) restore() string {
	if p.json {
		return p.name[len(p.table)+1:] + ` = @text::text::jsonb`
	}
	return p.replace
}
