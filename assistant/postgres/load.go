package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
)

// Load is what waits at one moment: for people, for background workers, and for an end.
type Load struct {
	AbandonedRuns int // open although a rescue is due
	Jobs          []JobLoad
	OpenRuns      int // questions that have no end yet
	Policy        assistant.Policy
	Tickets       []TicketLoad // by status and priority, those that are not resolved
}

// JobLoad counts the jobs of a queue in one of River's states.
type JobLoad struct {
	Count      int
	OldestWait float64 // seconds since the first of them could have run; 0 when none could
	Queue      string
	State      string
}

// TicketLoad counts the unresolved tickets of a status and a priority.
type TicketLoad struct {
	Count          int
	LateReply      int     // whose customer waits longer than was promised
	LateResolution int     // that are open longer than was promised
	OldestAge      float64 // seconds since the first of them was opened
	Priority       string
	Status         string
}

// Load reads all of it in one round trip. Abandoned is how long after its deadline a run should have been rescued.
func (s *Store) Load(ctx context.Context, abandoned time.Duration) (Load, error) {
	var load Load
	now := s.clock()
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT status, priority, count(*)::int AS count,
			count(*) FILTER (WHERE awaiting_since IS NOT NULL AND respond_by <= @now)::int AS late_reply,
			count(*) FILTER (WHERE paused_at IS NULL AND resolve_by <= @now)::int AS late_resolution,
			greatest(extract(epoch FROM @now - min(created_at)), 0)::float8 AS oldest_age
		FROM tickets WHERE status <> 'resolved' GROUP BY status, priority`, pgx.NamedArgs{"now": now}).Query(func(rows pgx.Rows) error {
		var err error
		load.Tickets, err = pgx.CollectRows(rows, pgx.RowToStructByName[TicketLoad])
		return err
	})
	// Completed and cancelled jobs are many and wait for nothing.
	batch.Queue(`
		SELECT queue, state::text AS state, count(*)::int AS count,
			greatest(extract(epoch FROM @now - min(scheduled_at)), 0)::float8 AS oldest_wait
		FROM river_job WHERE state IN ('available', 'discarded', 'retryable', 'running', 'scheduled')
		GROUP BY queue, state`, pgx.NamedArgs{"now": now}).Query(func(rows pgx.Rows) error {
		var err error
		load.Jobs, err = pgx.CollectRows(rows, pgx.RowToStructByName[JobLoad])
		return err
	})
	batch.Queue(`SELECT count(*)::int, count(*) FILTER (WHERE deadline_at < @late)::int FROM runs WHERE status = 'running'`,
		pgx.NamedArgs{"late": now.Add(-abandoned)}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&load.OpenRuns, &load.AbandonedRuns)
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return load, fmt.Errorf("read load: %w", err)
	}
	settings, err := s.Settings(ctx)
	load.Policy = settings.Policy
	return load, err
}
