package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/deskhand/deskhand/assistant/webhook"
)

const (
	// queueWebhook is apart from the desk's own queues: a consumer that hangs holds up deliveries and nothing else.
	queueWebhook = "webhook"

	// webhookWorkers is how many deliveries are under way at once. A delivery waits for the network most of the time.
	webhookWorkers = 16

	// webhookTimeout bounds one attempt: the delivery's own limit, and the recording after it.
	webhookTimeout = webhook.DefaultTimeout + 10*time.Second

	// webhookErrors is how often a delivery may fail for a reason of ours, such as a database that restarts. What the
	// consumer does is counted in the delivery, not here.
	webhookErrors = 25

	// pruneInterval is short against the retention and long against the work.
	pruneInterval = time.Hour
)

// Deliverer takes webhook deliveries to their end. *webhook.Deliverer is one.
type Deliverer interface {
	Deliver(ctx context.Context, job webhook.Job) (wait time.Duration, again bool, err error)
	Prune(ctx context.Context) error
}

// Deliver stores the job of a webhook delivery in tx. It is a postgres.DeliverFunc.
func (q *Queue) Deliver(ctx context.Context, tx pgx.Tx, job webhook.Job) error {
	args := deliverArgs{DeliveryID: job.DeliveryID, Replay: job.Replay}
	options := river.InsertOpts{MaxAttempts: webhookErrors, Queue: queueWebhook}
	if _, err := q.client.InsertTx(ctx, tx, args, &options); err != nil {
		return fmt.Errorf("enqueue delivery: %w", err)
	}
	return nil
}

// AddWebhooks makes the workers deliver webhooks too. It is called before Start.
func (w *Workers) AddWebhooks(deliverer Deliverer) error {
	river.AddWorker(w.workers, &deliverWorker{deliverer: deliverer})
	river.AddWorker(w.workers, &pruneWorker{deliverer: deliverer})
	if err := w.client.Queues().Add(queueWebhook, river.QueueConfig{MaxWorkers: webhookWorkers}); err != nil {
		return fmt.Errorf("add webhook queue: %w", err)
	}
	w.client.PeriodicJobs().Add(river.NewPeriodicJob(
		river.PeriodicInterval(pruneInterval),
		func() (river.JobArgs, *river.InsertOpts) { return pruneArgs{}, &river.InsertOpts{Queue: queueWebhook} },
		nil,
	))
	return nil
}

type deliverArgs struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
	Replay     int       `json:"replay"`
}

// Kind implements river.JobArgs.
func (deliverArgs) Kind() string { return "deliver_webhook" }

type deliverWorker struct {
	river.WorkerDefaults[deliverArgs]

	deliverer Deliverer
}

// Timeout implements river.Worker.
func (*deliverWorker) Timeout(*river.Job[deliverArgs]) time.Duration { return webhookTimeout }

// Work implements river.Worker.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	wait, again, err := w.deliverer.Deliver(ctx, webhook.Job{DeliveryID: job.Args.DeliveryID, Replay: job.Args.Replay})
	switch {
	case err != nil:
		return settle(err)
	case again:
		return river.JobSnooze(wait) // neither a failure of ours nor counted as one
	}
	return nil
}

type pruneArgs struct{}

// Kind implements river.JobArgs.
func (pruneArgs) Kind() string { return "prune_webhooks" }

type pruneWorker struct {
	river.WorkerDefaults[pruneArgs]

	deliverer Deliverer
}

// Work implements river.Worker.
func (w *pruneWorker) Work(ctx context.Context, _ *river.Job[pruneArgs]) error {
	return settle(w.deliverer.Prune(ctx))
}
