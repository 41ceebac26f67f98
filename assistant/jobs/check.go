package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

const (
	queueCheck = "check"

	// checkTimeout is ample for a suite of some thousand cases, twice.
	checkTimeout = 30 * time.Minute

	// checkAttempts: the second is for a replica that was stopped in the first. Somebody waits, and can ask again.
	checkAttempts = 2
)

// Checker runs a suite on an article as it would be.
type Checker interface {
	CheckArticle(ctx context.Context, id uuid.UUID) error
}

// EnqueueCheck stores the job of a check, in the transaction that asks for it.
func (q *Queue) EnqueueCheck(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	options := river.InsertOpts{MaxAttempts: checkAttempts, Queue: queueCheck}
	if _, err := q.client.InsertTx(ctx, tx, checkArgs{ID: id}, &options); err != nil {
		return fmt.Errorf("enqueue check: %w", err)
	}
	return nil
}

// AddChecks makes the workers check articles, one at a time on a replica. It is called before Start.
func (w *Workers) AddChecks(checker Checker) error {
	river.AddWorker(w.workers, &checkWorker{checker: checker})
	if err := w.client.Queues().Add(queueCheck, river.QueueConfig{MaxWorkers: 1}); err != nil {
		return fmt.Errorf("add check queue: %w", err)
	}
	return nil
}

type checkArgs struct {
	ID uuid.UUID `json:"id"`
}

// Kind implements river.JobArgs.
func (checkArgs) Kind() string { return "check_article" }

type checkWorker struct {
	river.WorkerDefaults[checkArgs]

	checker Checker
}

// Timeout implements river.Worker.
func (*checkWorker) Timeout(*river.Job[checkArgs]) time.Duration { return checkTimeout }

// Work implements river.Worker.
func (w *checkWorker) Work(ctx context.Context, job *river.Job[checkArgs]) error {
	return settle(w.checker.CheckArticle(ctx, job.Args.ID))
}
