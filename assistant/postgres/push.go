package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
)

// Push implements desk.Store: it gives tickets of the queues that the plan says so of, while they are open, to agents who are
// present, one after the other, each time to the one with the least to do of all whom one waits for. It returns how many it gave.
func (s *Store) Push(ctx context.Context, at time.Time) (int, error) {
	p, err := s.plan(ctx, s.pool)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(p.Queues, func(q plan.Queue) bool { return q.Push }) {
		return 0, nil
	}
	present, err := s.Presence(ctx, at)
	if err != nil {
		return 0, err
	}
	given := 0
	var failures []error
	for len(present) > 0 {
		lightest := slices.MinFunc(present, desk.Lighter)
		i := slices.Index(present, lightest)
		ticket, err := s.pushTo(ctx, lightest, at)
		if err != nil {
			failures = append(failures, err)
		}
		if ticket == nil { // nothing waits for this agent, or somebody has to look why not
			present = slices.Delete(present, i, i+1)
			continue
		}
		present[i].Load++
		given++
	}
	return given, errors.Join(failures...)
}

// pushTo gives an agent the most urgent ticket that fits; nil when there is none, or the agent has enough to do. A ticket that the
// agent has put back is for others.
func (s *Store) pushTo(ctx context.Context, agent desk.Colleague, at time.Time) (*assistant.Ticket, error) {
	var given *assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		w, err := s.lockWorker(ctx, tx, agent.ID)
		if err != nil {
			return err
		}
		names := w.plan.Pushed(w.agent, at)
		if len(names) == 0 || w.agent.Room(w.load) == 0 {
			return nil
		}
		search := searchIn(w.agent, names)
		search["not_released_by"] = agent.ID.String()
		given, err = s.takeNext(ctx, tx, search, desk.Change{
			Actor: desk.Actor{Machine: desk.ByClock}, Assignee: &agent.ID, At: at, Step: desk.StepAssign,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return given, nil
}

// leftUntouched ends the presence of an agent who was given a ticket and did nothing with it until the claim ended: the next
// ticket shall not wait for the same agent. It reports whether that was so.
func leftUntouched(ctx context.Context, tx pgx.Tx, t assistant.Ticket, at time.Time) (bool, error) {
	if t.AssigneeID == nil {
		return false, nil
	}
	tag, err := tx.Exec(ctx, `
		UPDATE agent_presence SET until = least(until, @at)
		WHERE agent_id = @agent_id AND EXISTS (
			SELECT FROM (SELECT actor, step FROM ticket_history WHERE ticket_id = @id ORDER BY id DESC LIMIT 1) latest
			WHERE latest.step = 'assign' AND latest.actor = @clock)`,
		pgx.NamedArgs{"agent_id": t.AssigneeID, "at": at, "clock": desk.ByClock, "id": t.ID})
	if err != nil {
		return false, fmt.Errorf("end presence: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}
