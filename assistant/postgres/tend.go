package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/prompts"
)

// Tend implements desk.Store. Each ticket and complaint has a transaction of its own, so that one that fails holds up no
// other; the errors come back joined.
func (s *Store) Tend(ctx context.Context, tending desk.Tending) (int, error) {
	tickets, err := s.due(ctx, `
		SELECT id FROM tickets WHERE next_check_at <= @at ORDER BY next_check_at, id LIMIT @limit`, tending)
	if err != nil {
		return 0, err
	}
	complaints, err := s.due(ctx, `
		SELECT id FROM complaints
		WHERE status = 'open' AND (overdue_at IS NULL AND decide_by <= @at OR warned_at IS NULL AND warn_at <= @at
			OR progress_at <= @at)
		ORDER BY decide_by, id LIMIT @limit`, tending)
	if err != nil {
		return 0, err
	}
	done := 0
	var failures []error
	attempt := func(tend func(context.Context, uuid.UUID, desk.Tending) error, ids []uuid.UUID) {
		for _, id := range ids {
			if err := tend(ctx, id, tending); err != nil {
				failures = append(failures, err)
				continue
			}
			done++
		}
	}
	attempt(s.tendTicket, tickets)
	attempt(s.tendComplaint, complaints)
	return done, errors.Join(failures...)
}

func (s *Store) due(ctx context.Context, query string, tending desk.Tending) ([]uuid.UUID, error) {
	rows, err := s.pool.Query(ctx, query, pgx.NamedArgs{"at": tending.At, "limit": tending.Limit})
	if err != nil {
		return nil, fmt.Errorf("look for what is due: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("look for what is due: %w", err)
	}
	return ids, nil
}

// tendTicket does what the clock has to do with a ticket, and notes when it next has something to do.
func (s *Store) tendTicket(ctx context.Context, id uuid.UUID, tending desk.Tending) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		ticket, err := lockLatest(ctx, tx, id)
		if err != nil {
			return err
		}
		if ticket.NextCheckAt == nil || ticket.NextCheckAt.After(tending.At) {
			return nil // somebody was faster
		}
		p, err := s.plan(ctx, tx)
		if err != nil {
			return err
		}
		missed, err := s.soundAlarms(ctx, tx, ticket, tending.At)
		if err != nil {
			return err
		}
		if ticket, err = s.escalate(ctx, tx, ticket, escalation{at: tending.At, missed: missed, plan: p}); err != nil {
			return err
		}
		step, ok := desk.DueStep(p, ticket, tending.At)
		if !ok {
			return recheck(ctx, tx, p, ticket, tending.At)
		}
		return s.takeDueStep(ctx, tx, ticket, dueStep{step: step, tending: tending})
	})
}

// dueStep is what the clock does with a ticket.
type dueStep struct {
	step    desk.Step
	tending desk.Tending
}

func (s *Store) takeDueStep(ctx context.Context, tx pgx.Tx, t assistant.Ticket, due dueStep) error {
	change := desk.Change{Actor: desk.Actor{Machine: desk.ByClock}, At: due.tending.At, Step: due.step, TicketID: t.ID}
	switch due.step {
	case desk.StepFollowUp:
		if err := s.followUp(ctx, tx, t, due.tending); err != nil {
			return err
		}
	case desk.StepExpire:
		untouched, err := leftUntouched(ctx, tx, t, due.tending.At)
		if err != nil {
			return err
		}
		if untouched {
			change.Reason = "given and left untouched: the agent counts as away"
		}
	default:
	}
	_, err := s.change(ctx, tx, t, change)
	return err
}

// recheck notes when the clock next has something to do with a ticket. It is no change that an agent could miss, so the
// version stays.
func recheck(ctx context.Context, tx pgx.Tx, p *plan.Plan, t assistant.Ticket, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE tickets SET next_check_at = @next WHERE id = @id`,
		pgx.NamedArgs{"id": t.ID, "next": desk.NextCheck(p, t, at)})
	if err != nil {
		return fmt.Errorf("update ticket: %w", err)
	}
	return nil
}

// followUp asks the customer whether the resolution holds.
func (s *Store) followUp(ctx context.Context, tx pgx.Tx, t assistant.Ticket, tending desk.Tending) error {
	return s.sendMessage(ctx, tx, t.ConversationID, assistant.Message{
		ID: uuid.Must(uuid.NewV7()), Author: assistant.AuthorAssistant, Body: tending.Text(prompts.FollowUp, t.Language),
		CreatedAt: tending.At, Language: t.Language,
	})
}

// escalation is what a look at the clock found.
type escalation struct {
	at     time.Time
	missed []desk.Promise
	plan   *plan.Plan
}

// escalate does what the plan wants done about a promise that was just missed, and returns the ticket.
func (s *Store) escalate(ctx context.Context, tx pgx.Tx, t assistant.Ticket, e escalation) (assistant.Ticket, error) {
	rule := e.plan.Escalation
	if len(e.missed) == 0 || !rule.RaisePriority && (rule.Queue == "" || rule.Queue == t.Queue) {
		return t, nil
	}
	return s.change(ctx, tx, t, desk.Change{
		Actor: desk.Actor{Machine: desk.ByClock}, At: e.at, Queue: rule.Queue, Reason: string(e.missed[0]) + " overdue",
		Step: desk.StepEscalate, TicketID: t.ID,
	})
}

// soundAlarms tells, once each, what the clock has to say of a ticket as it stands, and returns the promises that were just
// found to be missed. The row of the alarm is what makes it once, also on several replicas and after a crash.
func (s *Store) soundAlarms(ctx context.Context, tx pgx.Tx, t assistant.Ticket, at time.Time) ([]desk.Promise, error) {
	var missed []desk.Promise
	for _, alarm := range desk.Alarms(t, at) {
		kind := "due_soon"
		if alarm.Overdue {
			kind = "overdue"
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO ticket_alarms (ticket_id, promise, kind, due, at) VALUES (@id, @promise, @kind, @due, @at)
			ON CONFLICT DO NOTHING`,
			pgx.NamedArgs{"id": t.ID, "promise": string(alarm.Promise), "kind": kind, "due": alarm.Due, "at": at})
		if err != nil {
			return nil, fmt.Errorf("insert alarm: %w", err)
		}
		if tag.RowsAffected() == 0 {
			continue
		}
		if alarm.Overdue {
			missed = append(missed, alarm.Promise)
		}
		if err := s.emitAlarm(ctx, tx, t, alarm); err != nil {
			return nil, err
		}
	}
	return missed, nil
}

// lockLatest returns a ticket for a change of the desk's own, whatever its version.
func lockLatest(ctx context.Context, tx pgx.Tx, id uuid.UUID) (assistant.Ticket, error) {
	ticket, err := loadTicket(ctx, tx, id)
	if err != nil {
		return ticket, err
	}
	if err := lockConversation(ctx, tx, ticket.ConversationID); err != nil {
		return ticket, err
	}
	return loadTicket(ctx, tx, id)
}

// noteRecontact counts a customer who asks again about what was resolved, and got an answer without a person.
func (s *Store) noteRecontact(ctx context.Context, tx pgx.Tx, found lockedRun, end assistant.Conclusion) error {
	latest := found.latest
	if found.open != nil || latest == nil || latest.Intent != end.Explained.Triage.Intent {
		return nil
	}
	if latest.Outcome == assistant.OutcomeMerged || end.At.Sub(*latest.ResolvedAt) > found.plan.Reopen {
		return nil
	}
	_, err := s.change(ctx, tx, *latest, desk.Change{
		Actor: desk.Actor{Machine: desk.ByCustomer}, At: end.At, Outcome: assistant.OutcomeRecontacted, Step: desk.StepOutcome,
		TicketID: latest.ID,
	})
	return err
}

// goodRating is the rating from which on a customer counts as content.
const goodRating = 4

// confirmResolution takes a customer's good rating of the whole conversation as the word that its ticket is solved.
func (s *Store) confirmResolution(ctx context.Context, tx pgx.Tx, f Feedback, at time.Time) error {
	if f.MessageID != nil || f.Rating < goodRating {
		return nil
	}
	if err := lockConversation(ctx, tx, f.ConversationID); err != nil {
		return err
	}
	latest, err := latestTicket(ctx, tx, f.ConversationID)
	if err != nil || latest == nil || latest.Outcome != assistant.OutcomeAssumed {
		return err
	}
	_, err = s.change(ctx, tx, *latest, desk.Change{
		Actor: desk.Actor{Machine: desk.ByCustomer}, At: at, Outcome: assistant.OutcomeConfirmed, Step: desk.StepOutcome,
		TicketID: latest.ID,
	})
	return err
}
