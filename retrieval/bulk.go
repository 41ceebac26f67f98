package retrieval

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// When an import gives up the vector index and makes it anew at its end. To insert a vector of 1,536 dimensions into the index
// takes 2 ms, to build it over all of them a tenth. Without it a search looks at every vector, which takes 15 ms for 10,000.
const (
	smallIndex = 10_000 // vectors; with more, searches must not go without
	manyNew    = 1_000  // passages; with fewer, a rebuild of 10,000 takes longer
)

// hasSmallIndex reports whether there is a vector index that could be made anew.
func (r *importRun) hasSmallIndex(ctx context.Context) (small bool, err error) {
	const query = `
		SELECT to_regclass(@index) IS NOT NULL
			AND (SELECT count(*) FROM (SELECT FROM embeddings WHERE model_id = @model LIMIT @limit + 1) e) <= @limit`
	args := pgx.NamedArgs{"index": vectorIndex(r.modelID), "limit": smallIndex, "model": r.modelID}
	if err := r.index.pool.QueryRow(ctx, query, args).Scan(&small); err != nil {
		return false, fmt.Errorf("look at vector index: %w", err)
	}
	return small, nil
}

// leaveVectorIndex drops a small vector index once the import has shown to be a large one. Searches go on without it, exactly.
// Where a search holds it for too long, it stays and is kept up to date instead.
func (r *importRun) leaveVectorIndex(ctx context.Context) error {
	// Who comes after a waiting DROP waits too.
	const wait = `SELECT set_config('lock_timeout', '1s', true)`
	if !r.smallIndex || r.report.Passages < manyNew {
		return nil
	}
	r.smallIndex = false
	err := pgx.BeginFunc(ctx, r.index.pool, func(tx pgx.Tx) error {
		if err := lockModels(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, wait); err != nil {
			return err
		}
		return dropVectorIndexes(ctx, tx, r.modelID)
	})
	if err != nil && !lockNotAvailable(err) {
		return fmt.Errorf("leave vector index: %w", err)
	}
	return nil
}

// lockNotAvailable reports a lock that was not to be had in time.
func lockNotAvailable(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "55P03"
}
