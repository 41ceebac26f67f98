package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

const (
	// queueRetention is apart, because the first look at a desk of years takes long.
	queueRetention = "retention"

	// forgetInterval: what is to be kept for so many days may stay for one more.
	forgetInterval = 24 * time.Hour

	// forgetTimeout bounds one look. What it did not reach, the next one does.
	forgetTimeout = time.Hour
)

// Forgetter erases what is older than the desk keeps.
type Forgetter interface {
	Forget(ctx context.Context) error
}

// AddRetention makes the workers erase what is old: at the start, and each day, on one replica. It is called before Start.
func (w *Workers) AddRetention(forgetter Forgetter) error {
	river.AddWorker(w.workers, &forgetWorker{forgetter: forgetter})
	if err := w.client.Queues().Add(queueRetention, river.QueueConfig{MaxWorkers: 1}); err != nil {
		return fmt.Errorf("add retention queue: %w", err)
	}
	w.client.PeriodicJobs().Add(river.NewPeriodicJob(
		river.PeriodicInterval(forgetInterval),
		func() (river.JobArgs, *river.InsertOpts) {
			return forgetArgs{}, &river.InsertOpts{Queue: queueRetention, UniqueOpts: river.UniqueOpts{ByPeriod: forgetInterval}}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	))
	return nil
}

type forgetArgs struct{}

// Kind implements river.JobArgs.
func (forgetArgs) Kind() string { return "erase_expired" }

type forgetWorker struct {
	river.WorkerDefaults[forgetArgs]

	forgetter Forgetter
}

// Timeout implements river.Worker.
func (*forgetWorker) Timeout(*river.Job[forgetArgs]) time.Duration { return forgetTimeout }

// Work implements river.Worker.
func (w *forgetWorker) Work(ctx context.Context, _ *river.Job[forgetArgs]) error {
	return settle(w.forgetter.Forget(ctx))
}
