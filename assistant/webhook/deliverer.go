package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

const (
	// settleTimeout bounds the recording of an attempt, which happens also when the program is stopping: a delivery that was
	// made and not recorded is made again.
	settleTimeout = 5 * time.Second
	// Retention is how long an event is kept after it happened, with its deliveries, dead ones too.
	Retention = 30 * 24 * time.Hour
)

// DisabledProblem is the last problem of a delivery that was not tried because its endpoint is disabled.
const DisabledProblem = "the endpoint is disabled"

// Job is the work that one delivery needs.
type Job struct {
	DeliveryID uuid.UUID
	Replay     int // the Replays of the delivery when the job was stored: a job from before a replay does nothing
}

// Store keeps deliveries. Package postgres has it.
type Store interface {
	// Delivery returns a delivery with its endpoint, or an error that says that it is not there.
	Delivery(ctx context.Context, id uuid.UUID) (Delivery, error)
	// PruneWebhooks forgets events from before a time that nobody waits for.
	PruneWebhooks(ctx context.Context, before time.Time) error
	// SettleDelivery keeps what became of an attempt.
	SettleDelivery(ctx context.Context, settlement Settlement) error
}

// Config is what a Deliverer is made of.
type Config struct {
	Clock   func() time.Time
	Delay   func(failed int, id uuid.UUID) time.Duration // how long to wait after some failures; Delay when nil
	Logger  *slog.Logger
	Observe func(Settlement) // is told of every attempt, for metrics; optional
	Sender  *Sender
	Store   Store
}

// Deliverer takes deliveries to their end. It is safe for concurrent use.
type Deliverer struct {
	Config
}

// NewDeliverer returns a Deliverer.
func NewDeliverer(c Config) *Deliverer {
	if c.Delay == nil {
		c.Delay = Delay
	}
	if c.Observe == nil {
		c.Observe = func(Settlement) {}
	}
	return &Deliverer{Config: c}
}

// Deliver tries once. A wait above zero asks to be called again after it; an error means that nothing is known of the
// attempt, or that it could not be recorded.
func (d *Deliverer) Deliver(ctx context.Context, job Job) (wait time.Duration, again bool, err error) {
	delivery, err := d.Store.Delivery(ctx, job.DeliveryID)
	if err != nil {
		return 0, false, fmt.Errorf("load delivery: %w", err)
	}
	if delivery.Status != Pending || delivery.Replays != job.Replay {
		return 0, false, nil
	}
	now := d.Clock()
	if delivery.Endpoint.DisabledAt != nil { // by another delivery, while this one was on its way
		return 0, false, d.settle(ctx, Settlement{
			At: now, Attempt: Attempt{Problem: DisabledProblem}, DeliveryID: delivery.ID, EndpointID: delivery.Endpoint.ID, Status: Dead,
		})
	}
	if until := delivery.Endpoint.PausedUntil; until != nil && now.Before(*until) {
		return until.Sub(now), true, nil
	}
	attempt := d.Sender.Send(ctx, delivery.Endpoint.Message(delivery.EventID, delivery.Body, now))
	if !attempt.Delivered() && ctx.Err() != nil {
		return 0, false, fmt.Errorf("deliver: %w", ctx.Err()) // the program is stopping: that is not the endpoint's fault
	}
	wait = d.Delay(delivery.Attempts+1, delivery.ID)
	settlement := delivery.settle(attempt, wait, d.Clock())
	return wait, settlement.Status == Pending, d.settle(ctx, settlement)
}

// Prune forgets what is older than Retention.
func (d *Deliverer) Prune(ctx context.Context) error {
	if err := d.Store.PruneWebhooks(ctx, d.Clock().Add(-Retention)); err != nil {
		return fmt.Errorf("prune webhooks: %w", err)
	}
	return nil
}

func (d *Deliverer) settle(ctx context.Context, s Settlement) error {
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := d.Store.SettleDelivery(recording, s); err != nil {
		return fmt.Errorf("settle delivery: %w", err)
	}
	d.Observe(s)
	d.log(ctx, s)
	return nil
}

// log tells the operator what needs a person. URLs stay out of the log: they may hold tokens.
func (d *Deliverer) log(ctx context.Context, s Settlement) {
	if s.Status != Dead {
		return
	}
	attributes := []any{
		slog.String("delivery_id", s.DeliveryID.String()), slog.String("endpoint_id", s.EndpointID.String()),
		slog.Int("http_status", s.Attempt.Status),
	}
	d.Logger.WarnContext(ctx, "webhook delivery given up", attributes...)
	if s.DisabledReason != "" {
		d.Logger.ErrorContext(ctx, "webhook endpoint disabled", attributes[1:]...)
	}
}
