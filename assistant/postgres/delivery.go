package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// deliveryColumns are the columns of deliveryRow beside those of its endpoint.
const deliveryColumns = `d.id, d.attempts, v.created_at, d.delivered_at, d.event_id, d.last_at, d.last_problem, d.last_status,
	d.next_at, d.replays, d.status, v.type`

// pruneBatch is how many events are forgotten in one transaction, so that none is long.
const pruneBatch = 5000

// DeliveryFilter selects deliveries. Zero fields select all.
type DeliveryFilter struct {
	EndpointID *uuid.UUID
	Limit      int // required
	Status     webhook.Status
}

// Deliveries returns deliveries, latest event first, without bodies and secrets.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter) ([]webhook.Delivery, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+deliveryColumns+`, '' AS body, `+endpointColumns+`
		FROM webhook_deliveries d JOIN webhook_events v ON v.id = d.event_id JOIN webhook_endpoints e ON e.id = d.endpoint_id
		WHERE e.removed_at IS NULL AND (@status = '' OR d.status = @status)
		  AND (@endpoint_id::uuid IS NULL OR d.endpoint_id = @endpoint_id)
		ORDER BY v.created_at DESC, d.id LIMIT @limit`,
		pgx.NamedArgs{"status": string(f.Status), "endpoint_id": f.EndpointID, "limit": f.Limit})
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[deliveryRow])
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	deliveries := make([]webhook.Delivery, len(found))
	for i, row := range found {
		if deliveries[i], err = row.delivery(); err != nil {
			return nil, err
		}
		deliveries[i].Endpoint.Secret, deliveries[i].Endpoint.OldSecret = "", ""
	}
	return deliveries, nil
}

// Delivery implements webhook.Store. The delivery of a removed endpoint is not found.
func (s *Store) Delivery(ctx context.Context, id uuid.UUID) (webhook.Delivery, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+deliveryColumns+`, v.body::text AS body, `+endpointColumns+`
		FROM webhook_deliveries d JOIN webhook_events v ON v.id = d.event_id JOIN webhook_endpoints e ON e.id = d.endpoint_id
		WHERE d.id = @id AND e.removed_at IS NULL`, pgx.NamedArgs{"id": id})
	if err != nil {
		return webhook.Delivery{}, fmt.Errorf("load delivery: %w", err)
	}
	row, err := collectOne[deliveryRow](rows, "delivery")
	if err != nil {
		return webhook.Delivery{}, err
	}
	delivery, err := row.delivery()
	if err != nil {
		return delivery, err
	}
	delivery.Endpoint, err = s.openEndpoint(ctx, row.endpointRow)
	return delivery, err
}

// PruneWebhooks implements webhook.Store: it forgets events from before a time, unless one of their deliveries is still to
// be tried, events without deliveries after EventsKept, and removed endpoints without deliveries.
func (s *Store) PruneWebhooks(ctx context.Context, before time.Time) error {
	for {
		tag, err := s.pool.Exec(ctx, `
			DELETE FROM webhook_events WHERE id IN (
				SELECT v.id FROM webhook_events v
				WHERE v.created_at < @before AND NOT EXISTS (
					SELECT FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
					WHERE d.event_id = v.id AND d.status = 'pending' AND e.removed_at IS NULL)
				OR v.created_at < @live AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = v.id)
				LIMIT @batch)`, pgx.NamedArgs{"before": before, "live": s.clock().Add(-EventsKept), "batch": pruneBatch})
		if err != nil {
			return fmt.Errorf("delete events: %w", err)
		}
		if tag.RowsAffected() < pruneBatch {
			break
		}
	}
	_, err := s.pool.Exec(ctx, `
		DELETE FROM webhook_endpoints e
		WHERE removed_at < @before AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = e.id)`,
		pgx.NamedArgs{"before": before})
	if err != nil {
		return fmt.Errorf("delete endpoints: %w", err)
	}
	return nil
}

// Replay starts dead deliveries again, from their first attempt. With ids it starts those, and one that is not dead is an
// Error with CodeConflict: none is started then. Without, it starts all dead ones of an endpoint. It returns how many.
func (s *Store) Replay(ctx context.Context, endpointID *uuid.UUID, ids []uuid.UUID, actor string) (int, error) {
	replayed := 0
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE webhook_deliveries d SET status = 'pending', attempts = 0, replays = replays + 1, next_at = @now
			FROM webhook_endpoints e
			WHERE e.id = d.endpoint_id AND d.status = 'dead' AND e.disabled_at IS NULL AND e.removed_at IS NULL
			  AND (d.endpoint_id = @endpoint_id OR d.id = ANY (@ids))
			RETURNING d.id AS delivery_id, d.replays AS replay`,
			pgx.NamedArgs{"now": s.clock(), "endpoint_id": endpointID, "ids": ids})
		if err != nil {
			return fmt.Errorf("replay deliveries: %w", err)
		}
		started, err := pgx.CollectRows(rows, pgx.RowToStructByName[webhook.Job])
		if err != nil {
			return fmt.Errorf("replay deliveries: %w", err)
		}
		if len(started) < len(ids) {
			return assistant.Errorf(assistant.CodeConflict,
				"only %d of %d deliveries are dead and belong to an endpoint in use: nothing was replayed", len(started), len(ids))
		}
		for _, job := range started {
			if err := s.deliver(ctx, tx, job); err != nil {
				return fmt.Errorf("enqueue delivery: %w", err)
			}
		}
		replayed = len(started)
		if replayed == 0 {
			return nil
		}
		return audit(ctx, tx, Entry{
			Action: "webhook.replay", Actor: actor, At: s.clock(), SubjectID: "deliveries", SubjectKind: "webhook_delivery",
			Detail: map[string]any{"count": replayed},
		})
	})
	return replayed, err
}

// SettleDelivery implements webhook.Store. A success forgets that the endpoint ever failed. A disabled endpoint's waiting
// deliveries die with it.
func (s *Store) SettleDelivery(ctx context.Context, w webhook.Settlement) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{
			"id": w.DeliveryID, "endpoint_id": w.EndpointID, "at": w.At, "next_at": w.NextAt, "status": string(w.Status),
			"http_status": w.Attempt.Status, "problem": w.Attempt.Problem, "failing_since": w.FailingSince,
			"paused_until": w.PausedUntil, "reason": w.DisabledReason, "disabled": webhook.DisabledProblem,
		}
		_, err := tx.Exec(ctx, `
			UPDATE webhook_deliveries SET attempts = attempts + 1, last_at = @at, last_status = @http_status,
				last_problem = @problem, next_at = @next_at, status = @status,
				delivered_at = CASE WHEN @status = 'delivered' THEN @at::timestamptz END
			WHERE id = @id`, args)
		if err != nil {
			return fmt.Errorf("update delivery: %w", err)
		}
		// Only what differs is written: an endpoint that is well has one row that every delivery would wait for.
		_, err = tx.Exec(ctx, `
			UPDATE webhook_endpoints SET failing_since = @failing_since, paused_until = @paused_until,
				last_failure_at = CASE WHEN @failing_since::timestamptz IS NOT NULL THEN @at::timestamptz END,
				disabled_at = CASE WHEN @reason <> '' THEN @at::timestamptz ELSE disabled_at END,
				disabled_reason = CASE WHEN @reason <> '' THEN @reason ELSE disabled_reason END
			WHERE id = @endpoint_id AND (@failing_since::timestamptz IS NOT NULL OR failing_since IS NOT NULL)`, args)
		if err != nil {
			return fmt.Errorf("update endpoint: %w", err)
		}
		if w.DisabledReason == "" {
			return nil
		}
		_, err = tx.Exec(ctx, `
			UPDATE webhook_deliveries SET status = 'dead', last_problem = @disabled, next_at = NULL
			WHERE endpoint_id = @endpoint_id AND status = 'pending'`, args)
		if err != nil {
			return fmt.Errorf("end deliveries: %w", err)
		}
		entry := s.endpointEntry("webhook.disable", "deskhand", w.EndpointID)
		entry.Detail = map[string]any{"reason": w.DisabledReason}
		return audit(ctx, tx, entry)
	})
}

// deliveryRow is a row of webhook_deliveries with its event and its endpoint.
type deliveryRow struct {
	endpointRow

	ID          uuid.UUID
	Attempts    int
	Body        string
	CreatedAt   time.Time
	DeliveredAt *time.Time
	EventID     uuid.UUID
	LastAt      *time.Time
	LastProblem string
	LastStatus  int
	NextAt      *time.Time
	Replays     int
	Status      string
	Type        string
}

func (r deliveryRow) delivery() (webhook.Delivery, error) {
	endpoint, err := r.endpoint()
	return webhook.Delivery{
		ID: r.ID, Attempts: r.Attempts, Body: []byte(r.Body), CreatedAt: r.CreatedAt, DeliveredAt: r.DeliveredAt,
		Endpoint: endpoint, EventID: r.EventID, LastAt: r.LastAt, LastProblem: r.LastProblem, LastStatus: r.LastStatus,
		NextAt: r.NextAt, Replays: r.Replays, Status: webhook.Status(r.Status), Type: webhook.Type(r.Type),
	}, err
}

var _ webhook.Store = (*Store)(nil)
