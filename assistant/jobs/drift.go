package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

const (
	queueDrift = "drift"

	// driftInterval: a week of traffic is compared, and its first day leaves once a day.
	driftInterval = 24 * time.Hour

	// driftTimeout is ample for reading five weeks of a large desk.
	driftTimeout = 10 * time.Minute
)

// Watcher looks whether live traffic changed, and keeps what it saw.
type Watcher interface {
	Watch(ctx context.Context) error
}

// AddDrift makes the workers look for drift: at the start, and each day, on one replica. It is called before Start.
func (w *Workers) AddDrift(watcher Watcher) error {
	river.AddWorker(w.workers, &driftWorker{watcher: watcher})
	if err := w.client.Queues().Add(queueDrift, river.QueueConfig{MaxWorkers: 1}); err != nil {
		return fmt.Errorf("add drift queue: %w", err)
	}
	w.client.PeriodicJobs().Add(river.NewPeriodicJob(
		river.PeriodicInterval(driftInterval),
		func() (river.JobArgs, *river.InsertOpts) {
			return driftArgs{}, &river.InsertOpts{Queue: queueDrift, UniqueOpts: river.UniqueOpts{ByPeriod: driftInterval}}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	))
	return nil
}

type driftArgs struct{}

// Kind implements river.JobArgs.
func (driftArgs) Kind() string { return "look_for_drift" }

type driftWorker struct {
	river.WorkerDefaults[driftArgs]

	watcher Watcher
}

// Timeout implements river.Worker.
func (*driftWorker) Timeout(*river.Job[driftArgs]) time.Duration { return driftTimeout }

// Work implements river.Worker.
func (w *driftWorker) Work(ctx context.Context, _ *river.Job[driftArgs]) error {
	return settle(w.watcher.Watch(ctx))
}
