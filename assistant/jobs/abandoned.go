package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// abandonedInterval is how long after its time an abandoned question may wait for the job that ends it. A customer waits, and a look
// reads nothing but the open runs.
const abandonedInterval = 5 * time.Second

// lookForAbandoned looks at the start and then now and again, on one replica at a time. A question needs no job of its own for that:
// hardly any is ever abandoned. It also finds a run whose job was given up, canceled or deleted.
func lookForAbandoned() *river.PeriodicJob {
	return river.NewPeriodicJob(
		river.PeriodicInterval(abandonedInterval),
		func() (river.JobArgs, *river.InsertOpts) {
			return abandonedArgs{}, &river.InsertOpts{
				MaxAttempts: 1, Queue: queueRecover, UniqueOpts: river.UniqueOpts{ByPeriod: abandonedInterval},
			}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	)
}

type abandonedArgs struct{}

// Kind implements river.JobArgs.
func (abandonedArgs) Kind() string { return "look_for_abandoned_runs" }

type abandonedWorker struct {
	river.WorkerDefaults[abandonedArgs]

	pool *pgxpool.Pool
}

// Work implements river.Worker.
func (w *abandonedWorker) Work(ctx context.Context, _ *river.Job[abandonedArgs]) error {
	ended := []string{
		string(rivertype.JobStateCancelled), string(rivertype.JobStateCompleted), string(rivertype.JobStateDiscarded),
	}
	rows, err := w.pool.Query(ctx, `
		SELECT r.id FROM runs r
		WHERE r.status = 'running' AND (r.rescue_at IS NULL OR r.rescue_at <= now()) AND NOT EXISTS (
			SELECT FROM river_job j
			WHERE j.kind = @kind AND j.args @> jsonb_build_object('run_id', r.id::text) AND j.state::text <> ALL (@ended::text[]))`,
		pgx.NamedArgs{"ended": ended, "kind": recoverArgs{}.Kind()})
	if err != nil {
		return fmt.Errorf("look for abandoned runs: %w", err)
	}
	abandoned, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(abandoned) == 0 {
		return err
	}
	jobs := make([]river.InsertManyParams, len(abandoned))
	for i, id := range abandoned {
		jobs[i] = river.InsertManyParams{
			Args: recoverArgs{RunID: id}, InsertOpts: &river.InsertOpts{MaxAttempts: recoverAttempts, Queue: queueRecover},
		}
	}
	if _, err := river.ClientFromContext[pgx.Tx](ctx).InsertMany(ctx, jobs); err != nil {
		return fmt.Errorf("enqueue rescue of abandoned runs: %w", err)
	}
	return nil
}
