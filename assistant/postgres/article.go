package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Audit writes an entry in the transaction of a change that another package makes, with the present time.
func (s *Store) Audit(ctx context.Context, tx pgx.Tx, entry Entry) error {
	entry.At = s.clock()
	return audit(ctx, tx, entry)
}
