// Package jobs runs the assistant's background work on River: ending runs that a crash left open, making the drafts that
// agents find beside a handed-off case, and delivering webhooks.
//
// A job is stored in the transaction of the change that needs it, survives restarts, and runs on whichever replica is
// there. Workers only load, call and map the error; what is done stands in package assistant.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/deskhand/deskhand/assistant"
)

const (
	// queueRecover and queueDraft are apart so that a slow model, which drafts wait for, never holds up a rescue.
	queueDraft   = "draft"
	queueRecover = "recover"

	draftWorkers   = 4
	recoverWorkers = 8

	// jobTimeout bounds one attempt: a whole run with its deadline, and the recording after it.
	jobTimeout = time.Minute

	// stuckAfter is how long after its start a job counts as one whose replica has died. It runs again then, within half a minute.
	stuckAfter = jobTimeout + 15*time.Second

	// A rescue is tried again after 1, 16 and then each 60 seconds: a customer waits, and it costs little. What was tried
	// recoverAttempts times is found again by the look for abandoned runs.
	recoverAttempts = 25
	maxRecoverWait  = time.Minute
	draftAttempts   = 5
)

// Queues are the names of all queues.
func Queues() []string {
	return []string{queueArticle, queueCheck, queueDesk, queueDraft, queueDrift, queueRecover, queueWebhook}
}

// Handler does the work. *assistant.Assistant is one.
type Handler interface {
	DraftForAgent(ctx context.Context, runID uuid.UUID) error
	Recover(ctx context.Context, runID uuid.UUID) (assistant.Run, error)
}

// Queue stores jobs. It needs no workers, so programs that only ask can enqueue too.
type Queue struct {
	client *river.Client[pgx.Tx]
}

// NewQueue returns a Queue on the pool's database.
func NewQueue(pool *pgxpool.Pool, logger *slog.Logger) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quieter(logger)})
	if err != nil {
		return nil, fmt.Errorf("new job queue: %w", err)
	}
	return &Queue{client: client}, nil
}

// Enqueue stores a job in tx. It is a postgres.EnqueueFunc.
func (q *Queue) Enqueue(ctx context.Context, tx pgx.Tx, job assistant.Job) error {
	if job.Kind != assistant.JobDraft {
		return fmt.Errorf("enqueue job: unknown kind %q", job.Kind)
	}
	// Without a time it runs at once; with one, even a past one, it would wait for River's scheduler to come by.
	options := river.InsertOpts{MaxAttempts: draftAttempts, Queue: queueDraft}
	if _, err := q.client.InsertTx(ctx, tx, draftArgs{RunID: job.RunID}, &options); err != nil {
		return fmt.Errorf("enqueue %s: %w", job.Kind, err)
	}
	return nil
}

// Workers run jobs until they are stopped.
type Workers struct {
	client  *river.Client[pgx.Tx]
	workers *river.Workers
}

// NewWorkers returns workers that give jobs to handler.
func NewWorkers(pool *pgxpool.Pool, handler Handler, logger *slog.Logger) (*Workers, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &draftWorker{handler: handler})
	river.AddWorker(workers, &recoverWorker{handler: handler})
	river.AddWorker(workers, &abandonedWorker{pool: pool})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		JobTimeout: jobTimeout,
		Logger:     quieter(logger),
		Queues: map[string]river.QueueConfig{
			queueDraft:   {MaxWorkers: draftWorkers},
			queueRecover: {MaxWorkers: recoverWorkers},
		},
		RescueStuckJobsAfter: stuckAfter,
		Workers:              workers,
	})
	if err != nil {
		return nil, fmt.Errorf("new job workers: %w", err)
	}
	client.PeriodicJobs().Add(lookForAbandoned())
	return &Workers{client: client, workers: workers}, nil
}

// Start begins to work in the background.
func (w *Workers) Start(ctx context.Context) error {
	if err := w.client.Start(ctx); err != nil {
		return fmt.Errorf("start job workers: %w", err)
	}
	return nil
}

// Stop waits for running jobs until ctx ends, then cancels them: they run again later.
func (w *Workers) Stop(ctx context.Context) error {
	if err := w.client.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop job workers: %w", err)
	}
	if ctx.Err() == nil {
		return nil
	}
	if err := w.client.StopAndCancel(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("cancel job workers: %w", err)
	}
	return nil
}

type draftArgs struct {
	RunID uuid.UUID `json:"run_id"`
}

// Kind implements river.JobArgs.
func (draftArgs) Kind() string { return string(assistant.JobDraft) }

type draftWorker struct {
	river.WorkerDefaults[draftArgs]

	handler Handler
}

// Work implements river.Worker.
func (w *draftWorker) Work(ctx context.Context, job *river.Job[draftArgs]) error {
	return settle(w.handler.DraftForAgent(ctx, job.Args.RunID))
}

type recoverArgs struct {
	RunID uuid.UUID `json:"run_id"`
}

// Kind implements river.JobArgs.
func (recoverArgs) Kind() string { return string(assistant.JobRecover) }

type recoverWorker struct {
	river.WorkerDefaults[recoverArgs]

	handler Handler
}

// NextRetry implements river.Worker.
func (*recoverWorker) NextRetry(job *river.Job[recoverArgs]) time.Time {
	if job.AttemptedAt == nil {
		return time.Time{} // River's own schedule
	}
	wait := maxRecoverWait
	if n := job.Attempt; n < 3 {
		wait = time.Duration(n*n*n*n) * time.Second
	}
	return job.AttemptedAt.Add(wait)
}

// Work implements river.Worker.
func (w *recoverWorker) Work(ctx context.Context, job *river.Job[recoverArgs]) error {
	_, err := w.handler.Recover(ctx, job.Args.RunID)
	return settle(err)
}

// settle maps an error to what River does next: what is gone will not come back, anything else is tried again.
func settle(err error) error {
	switch assistant.ErrorCode(err) {
	case assistant.CodeNotFound, assistant.CodeConflict:
		return river.JobCancel(err)
	default:
	}
	return err
}
