package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/deskhand/deskhand/assistant"
)

// ErrUnsealed: encryption is being taken off, or was, and nobody has turned it on again.
var ErrUnsealed = errors.New(`encryption was taken off, or is being: start without --encryption-keys, or with --decrypt until then, ` +
	`or turn it on again with "deskhand encryption on"`)

// sealingLock is SQL for the lock that each connection of a program that seals shares, and that who takes encryption off has alone.
const sealingLock = `hashtext('postgres.sealing')`

// Claim keeps encryption from being taken off while a program seals, also when its connections were lost for a while: a connection
// comes about only while the claim holds, and no text is sealed without a connection. It is safe for concurrent use.
type Claim struct{ vault atomic.Pointer[Vault] }

// Open is the function Open for a program that seals. Where the claim does not hold, connections fail with ErrUnsealed.
func (c *Claim) Open(ctx context.Context, address string) (*pgxpool.Pool, error) {
	return open(ctx, address, c.connect)
}

// Guard makes connections from now on depend on the vault's data key.
func (c *Claim) Guard(v *Vault) { c.vault.Store(v) }

func (c *Claim) connect(ctx context.Context, conn *pgx.Conn) error {
	if err := pgxvec.RegisterTypes(ctx, conn); err != nil {
		return err
	}
	var claimed bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock_shared(`+sealingLock+`)`).Scan(&claimed); err != nil {
		return fmt.Errorf("claim encryption: %w", err)
	}
	if !claimed {
		return ErrUnsealed
	}
	v := c.vault.Load()
	if !v.Seals() {
		return nil
	}
	var sealing bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM data_keys WHERE id = @id AND retiring_at IS NULL)`,
		pgx.NamedArgs{"id": v.current()}).Scan(&sealing); err != nil {
		return fmt.Errorf("look for data key: %w", err)
	}
	if !sealing {
		return ErrUnsealed
	}
	return nil
}

// holdAlone takes the lock on a connection, or returns an Error with CodeConflict that says who seals.
func holdAlone(ctx context.Context, conn *pgxpool.Conn) error {
	var alone bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(`+sealingLock+`)`).Scan(&alone); err != nil {
		return fmt.Errorf("lock encryption: %w", err)
	}
	if alone {
		return nil
	}
	var where string
	var connections int
	if err := conn.QueryRow(ctx, `
		SELECT count(*), coalesce(string_agg(DISTINCT coalesce(host(a.client_addr), 'this machine'), ', '), '')
		FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
		WHERE l.locktype = 'advisory' AND l.granted AND l.objid = (`+sealingLock+`::bigint & 4294967295)::oid`,
	).Scan(&connections, &where); err != nil {
		return fmt.Errorf("look who encrypts: %w", err)
	}
	return assistant.Errorf(assistant.CodeConflict,
		"programs still encrypt (%d connections, from %s): restart each replica with --decrypt first", connections, where)
}

// giveBack ends the lock, also when ctx has ended. A connection on which that fails is not used again.
func giveBack(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(`+sealingLock+`)`); err != nil {
		_ = conn.Conn().Close(ctx) // which ends the lock too
	}
	conn.Release()
}
