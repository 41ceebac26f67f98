package retrieval

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// importWriters is how many transactions write new articles beside each other. One writing PostgreSQL process is what limits an
// import: it takes about as much processor time as everything else together. Each holds 6 MB of vectors at 1,536 dimensions.
const importWriters = 3

// besidePassages is after how many passages such a transaction ends: each holds its terms, some 2 kB a passage, until then.
const besidePassages = 2 * 2 * embedBatch * embedInFlight

// errKnownMeanwhile is returned where an article was to be new, and somebody else has written it.
var errKnownMeanwhile = errors.New("article is known meanwhile")

// setActor names who makes the changes of a transaction: triggers write it into the history.
func setActor(ctx context.Context, tx pgx.Tx, actor string) error {
	if _, err := tx.Exec(ctx, `SELECT set_config('deskhand.actor', @actor, true)`, pgx.NamedArgs{"actor": actor}); err != nil {
		return fmt.Errorf("name who writes: %w", err)
	}
	return nil
}

// lockKnowledgeBase makes writers take turns: what is read next cannot change any more. The first lock is a queue: without it,
// writers that come beside each other would overtake who waits for the second.
func lockKnowledgeBase(ctx context.Context, tx pgx.Tx) error {
	for _, lock := range []string{
		`SELECT pg_advisory_xact_lock(hashtext('retrieval.articles'))`,
		`SELECT FROM kb_version FOR UPDATE`,
	} {
		if _, err := tx.Exec(ctx, lock); err != nil {
			return fmt.Errorf("lock knowledge base: %w", err)
		}
	}
	return nil
}

// writeBeside lets a transaction write new articles beside others that do the same (migration 27): it waits for those who write
// alone, and they for it. Its last statement must raise the version.
func writeBeside(ctx context.Context, tx pgx.Tx) error {
	const beside = `
		SELECT pg_advisory_xact_lock_shared(hashtext('retrieval.articles')), set_config('deskhand.beside', 'on', true)`
	for _, statement := range []string{beside, `SELECT FROM kb_version FOR KEY SHARE`} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("write beside others: %w", err)
		}
	}
	return nil
}

// raiseVersion tells that a search may find something else.
func raiseVersion(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE kb_version SET version = version + 1`); err != nil {
		return fmt.Errorf("raise version: %w", err)
	}
	return nil
}

// aloneBeside calls work, with beside set when no other import of this database has several writers: two of them might wait for
// each other's articles. The lock is a connection's, and ends with it.
func (x *Index) aloneBeside(ctx context.Context, work func(beside bool) error) (err error) {
	const lock = `SELECT pg_try_advisory_lock(hashtext('retrieval.import'))`
	const unlock = `SELECT pg_advisory_unlock(hashtext('retrieval.import'))`
	if x.pool.Config().MaxConns < importWriters+2 {
		return work(false) // one connection is held for the lock, another reads
	}
	return x.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		var beside bool
		if err := conn.QueryRow(ctx, lock).Scan(&beside); err != nil {
			return fmt.Errorf("take lock of imports: %w", err)
		}
		if beside {
			defer func() {
				_, unlocked := conn.Exec(context.WithoutCancel(ctx), unlock)
				err = errors.Join(err, unlocked)
			}()
		}
		return work(beside)
	})
}

// parted returns the articles of a step that were new when they were looked at, and the others.
func (s importStep) parted() (added, known importStep) {
	added.vectors, known.vectors = s.vectors, s.vectors
	for _, p := range s.articles {
		if p.known {
			known.articles = append(known.articles, p)
		} else {
			added.articles = append(added.articles, p)
		}
	}
	return added, known
}
