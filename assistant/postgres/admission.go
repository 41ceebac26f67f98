package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/admission"
)

// bucketKept is how long a bucket is kept that nobody takes from: longer than any takes to fill.
const bucketKept = time.Hour

// LeaseTokens implements admission.LeaseFunc for all replicas on one database. It is one statement that locks one row until it has
// committed. Time is the database's: by that of a replica that is an hour ahead, a bucket would get nothing for an hour once it had been
// there, and the desk would refuse everybody.
func (s *Store) LeaseTokens(ctx context.Context, request admission.Request) (admission.Lease, error) {
	rows, err := s.pool.Query(ctx, `
		INSERT INTO admission_buckets AS b (name, tokens, granted, refilled_at)
		VALUES (@name, @burst::float8 - least(@want, @burst), least(@want::float8, @burst), clock_timestamp())
		ON CONFLICT (name) DO UPDATE SET (tokens, granted, refilled_at) = (
			SELECT level - whole AS kept, whole AS granted, clock_timestamp()
			FROM (SELECT least(@burst::float8,
				b.tokens + @per_second::float8
					* greatest(0, extract(epoch FROM clock_timestamp() - b.refilled_at)::float8)) AS level) AS filled,
			LATERAL (SELECT least(@want::float8, floor(level)) AS whole) AS granting
		)
		RETURNING granted, tokens`,
		pgx.NamedArgs{
			"burst": float64(request.Rate.Burst), "name": request.Name, "per_second": request.Rate.PerSecond,
			"want": float64(request.Want),
		})
	if err != nil {
		return admission.Lease{}, fmt.Errorf("lease tokens: %w", err)
	}
	bucket, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct{ Granted, Tokens float64 }])
	if err != nil {
		return admission.Lease{}, fmt.Errorf("lease tokens: %w", err)
	}
	if bucket.Granted >= 1 {
		return admission.Lease{Granted: int(bucket.Granted)}, nil
	}
	missing := (1 - bucket.Tokens) / request.Rate.PerSecond
	return admission.Lease{Wait: time.Duration(math.Ceil(missing * float64(time.Second)))}, nil
}

// ForgetBuckets deletes the buckets that have long been full.
func (s *Store) ForgetBuckets(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM admission_buckets WHERE refilled_at < now() - @kept::interval`,
		pgx.NamedArgs{"kept": bucketKept})
	if err != nil {
		return fmt.Errorf("forget buckets: %w", err)
	}
	return nil
}
