package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

const (
	queueDesk = "desk"

	// deskWorkers is one: a look at the clock takes up all that is due, and a second would only wait for it.
	deskWorkers = 1

	// tendInterval is how late an alarm, the end of a claim or a follow-up may come.
	tendInterval = 10 * time.Second
)

// Tender does what is due at the desk. *desk.Desk is one.
type Tender interface {
	Tend(ctx context.Context) error
}

// AddDesk makes the workers look at the desk's clock, on one replica at a time. It is called before Start.
func (w *Workers) AddDesk(tender Tender) error {
	river.AddWorker(w.workers, &tendWorker{tender: tender})
	if err := w.client.Queues().Add(queueDesk, river.QueueConfig{MaxWorkers: deskWorkers}); err != nil {
		return fmt.Errorf("add desk queue: %w", err)
	}
	w.client.PeriodicJobs().Add(river.NewPeriodicJob(
		river.PeriodicInterval(tendInterval),
		func() (river.JobArgs, *river.InsertOpts) {
			// One attempt: the next look takes up what this one left.
			return tendArgs{}, &river.InsertOpts{MaxAttempts: 1, Queue: queueDesk, UniqueOpts: river.UniqueOpts{ByPeriod: tendInterval}}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	))
	return nil
}

type tendArgs struct{}

// Kind implements river.JobArgs.
func (tendArgs) Kind() string { return "tend_desk" }

type tendWorker struct {
	river.WorkerDefaults[tendArgs]

	tender Tender
}

// Work implements river.Worker.
func (w *tendWorker) Work(ctx context.Context, _ *river.Job[tendArgs]) error {
	return w.tender.Tend(ctx)
}
