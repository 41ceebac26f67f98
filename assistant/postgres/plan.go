package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// planCache keeps the plan that was read last, so that it is parsed once a version and not once a ticket. Its version is
// looked up each time: a lead's change is in force on every replica with the next ticket.
type planCache struct{ latest atomic.Pointer[plan.Plan] }

// PlanVersion is a plan that is or was in force.
type PlanVersion struct {
	CreatedAt time.Time
	CreatedBy string
	Source    string
	Version   int64
}

// Plan implements desk.Store.
func (s *Store) Plan(ctx context.Context) (*plan.Plan, error) { return s.plan(ctx, s.pool) }

// PlanVersions returns the plans, newest first.
func (s *Store) PlanVersions(ctx context.Context) ([]PlanVersion, error) {
	rows, err := s.pool.Query(ctx, `SELECT created_at, created_by, source, version FROM desk_plans ORDER BY version DESC`)
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByName[PlanVersion])
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	return versions, nil
}

// SetPlan puts a plan in force, as a new version, and returns it. base is the version that the author started from: when
// another one is in force by now, the Error has CodeConflict; a negative one does not look. A mistake in the plan is an Error
// with CodeInvalid whose message names the lines. The plan that is in force again is no new version.
func (s *Store) SetPlan(ctx context.Context, source string, base int64, actor string) (*plan.Plan, error) {
	parsed, err := plan.Parse(source)
	if err != nil {
		return nil, &assistant.Error{Code: assistant.CodeInvalid, Field: "source", Message: err.Error()}
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// One writer at a time: two leads must not both start from the same version.
		if _, err := tx.Exec(ctx, `LOCK TABLE desk_plans IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("lock plans: %w", err)
		}
		current, err := s.plan(ctx, tx)
		if err != nil {
			return err
		}
		if base >= 0 && base != current.Version {
			return assistant.Errorf(assistant.CodeConflict, "version %d of the plan is in force: read it again", current.Version)
		}
		if current.Source == source {
			parsed.Version = current.Version
			return nil
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO desk_plans (source, created_at, created_by) VALUES (@source, @created_at, @created_by) RETURNING version`,
			pgx.NamedArgs{"source": source, "created_at": s.clock(), "created_by": actor})
		if err != nil {
			return fmt.Errorf("insert plan: %w", err)
		}
		if parsed.Version, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
			return fmt.Errorf("insert plan: %w", err)
		}
		err = audit(ctx, tx, Entry{
			Action: "desk.set", Actor: actor, At: s.clock(), SubjectID: strconv.FormatInt(parsed.Version, 10), SubjectKind: "plan",
		})
		if err != nil {
			return err
		}
		if err := s.reroute(ctx, tx, parsed); err != nil {
			return err
		}
		return s.emit(ctx, tx, webhook.Event{
			Type: webhook.DeskChanged, CreatedAt: s.clock(), Data: webhook.Desk{ChangedBy: actor, Version: parsed.Version},
		})
	})
	return parsed, err
}

// reroute moves the tickets of queues that a plan has dropped to its last queue, where people look for them.
func (s *Store) reroute(ctx context.Context, tx pgx.Tx, p *plan.Plan) error {
	names := make([]string, len(p.Queues))
	for i, queue := range p.Queues {
		names[i] = queue.Name
	}
	_, err := tx.Exec(ctx, `
		WITH moved AS (
			UPDATE tickets t SET queue = @last, version = t.version + 1
			FROM tickets old
			WHERE old.id = t.id AND t.status <> 'resolved' AND t.queue <> ALL (@names::text[])
			RETURNING t.id, t.status, t.version, old.queue AS from_queue
		)
		INSERT INTO ticket_history (ticket_id, at, actor, step, from_status, to_status, detail, version)
		SELECT id, @at, @actor, @step, status AS before, status AS after,
			jsonb_build_object('queue', jsonb_build_array(from_queue, @last::text)), version
		FROM moved`,
		pgx.NamedArgs{
			"last": names[len(names)-1], "names": names, "at": s.clock(), "actor": desk.ByClock, "step": string(desk.StepMove),
		})
	if err != nil {
		return fmt.Errorf("move tickets of dropped queues: %w", err)
	}
	return nil
}

// plan returns the plan in force.
func (s *Store) plan(ctx context.Context, q querier) (*plan.Plan, error) {
	var p *plan.Plan
	batch := &pgx.Batch{}
	s.queuePlan(batch, &p)
	if err := q.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return p, nil
}

// queuePlan adds what reads the plan in force to a batch.
func (s *Store) queuePlan(batch *pgx.Batch, p **plan.Plan) {
	known := s.plans.latest.Load()
	version := int64(0)
	if known != nil {
		version = known.Version
	}
	batch.Queue(`
		SELECT version, CASE WHEN version = @known THEN '' ELSE source END AS source
		FROM desk_plans ORDER BY version DESC LIMIT 1`, pgx.NamedArgs{"known": version}).Query(func(rows pgx.Rows) (err error) {
		*p, err = s.readPlan(rows, known)
		return err
	})
}

// readPlan returns the plan of the only row, which is known already when it has the same version.
func (s *Store) readPlan(rows pgx.Rows, known *plan.Plan) (*plan.Plan, error) {
	type row struct {
		Source  string
		Version int64
	}
	latest, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return plan.Default(), nil
	case err != nil:
		return nil, fmt.Errorf("load plan: %w", err)
	case known != nil && latest.Version == known.Version:
		return known, nil
	}
	parsed, err := plan.Parse(latest.Source)
	if err != nil {
		// Written by a later build that knows more fields. A case must reach a queue all the same (P1).
		parsed = plan.Default()
		if known != nil {
			return known, nil
		}
	}
	parsed.Version = latest.Version
	s.plans.latest.Store(parsed)
	return parsed, nil
}
