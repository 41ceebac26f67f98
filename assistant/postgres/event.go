package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// DeliverFunc stores the job of a delivery in the transaction of the change that its event tells of.
type DeliverFunc func(ctx context.Context, tx pgx.Tx, job webhook.Job) error

// WithWebhooks returns a Store that also tells the webhook endpoints of every change. Without it, a Store tells nobody.
func (s *Store) WithWebhooks(deliver DeliverFunc) *Store {
	telling := *s
	telling.deliver = deliver
	return &telling
}

// emit stores events in the transaction of their change, for live consumers, with one delivery each for each endpoint that wants it.
// A disabled endpoint gets a dead one, so that a person can replay what it missed.
func (s *Store) emit(ctx context.Context, tx pgx.Tx, events ...webhook.Event) error {
	if s.deliver == nil {
		return nil
	}
	ids, types, bodies := make([]uuid.UUID, len(events)), make([]string, len(events)), make([]string, len(events))
	times := make([]time.Time, len(events))
	for i, event := range events {
		event.ID = uuid.Must(uuid.NewV7())
		body, err := event.Body()
		if err != nil {
			return fmt.Errorf("emit %s: %w", event.Type, err)
		}
		ids[i], types[i], bodies[i], times[i] = event.ID, string(event.Type), string(body), event.CreatedAt
	}
	rows, err := tx.Query(ctx, `
		WITH event AS (
			INSERT INTO webhook_events (id, type, body, created_at)
			SELECT id, type, body::json, created_at
			FROM unnest(@ids::uuid[], @types::text[], @bodies::text[], @times::timestamptz[])
				WITH ORDINALITY AS e (id, type, body, created_at, ordinal) ORDER BY ordinal
			RETURNING id, type, created_at, position
		), delivery AS (
			INSERT INTO webhook_deliveries (id, event_id, endpoint_id, status, last_problem, next_at)
			SELECT gen_random_uuid(), e.id, w.id, CASE WHEN w.disabled_at IS NULL THEN 'pending' ELSE 'dead' END,
				CASE WHEN w.disabled_at IS NULL THEN '' ELSE @problem END, CASE WHEN w.disabled_at IS NULL THEN e.created_at END
			FROM event e JOIN webhook_endpoints w ON w.removed_at IS NULL AND (w.events = '{}' OR e.type = ANY (w.events))
			RETURNING id, event_id, status
		)
		SELECT e.position, d.id AS delivery_id
		FROM event e LEFT JOIN delivery d ON d.event_id = e.id AND d.status = 'pending' ORDER BY e.position`,
		pgx.NamedArgs{"bodies": bodies, "ids": ids, "problem": webhook.DisabledProblem, "times": times, "types": types})
	if err != nil {
		return fmt.Errorf("emit events: %w", err)
	}
	emitted, err := pgx.CollectRows(rows, pgx.RowToStructByName[emission])
	if err != nil {
		return fmt.Errorf("emit events: %w", err)
	}
	for _, e := range emitted {
		if s.expect != nil {
			s.expect(e.Position)
		}
		if e.DeliveryID == nil {
			continue
		}
		if err := s.deliver(ctx, tx, webhook.Job{DeliveryID: *e.DeliveryID}); err != nil {
			return fmt.Errorf("enqueue delivery: %w", err)
		}
	}
	return nil
}

// emission is the place that an event got, with one of its deliveries.
type emission struct {
	DeliveryID *uuid.UUID
	Position   int64
}

// emitConcluded tells of the end of a question, and of what that did to a ticket.
func (s *Store) emitConcluded(ctx context.Context, tx pgx.Tx, run assistant.Run, open *assistant.Ticket) error {
	if s.deliver == nil {
		return nil
	}
	var events []webhook.Event
	if run.Ticket != nil {
		step, kind := desk.StepOpen, webhook.TicketOpened
		switch {
		case open != nil:
			step, kind = desk.StepCustomerWrote, webhook.TicketUpdated
		case run.Ticket.Version > 1:
			step, kind = desk.StepCustomerWrote, webhook.TicketReopened
		}
		events = append(events, webhook.Event{Type: kind, CreatedAt: run.Reply.CreatedAt, Data: ticketData(*run.Ticket, step)})
	}
	return s.emit(ctx, tx, append(events, concludedEvent(run))...)
}

// concludedEvent tells of the end of a question.
func concludedEvent(run assistant.Run) webhook.Event {
	data := webhook.Question{
		Confidence: run.Confidence, ConversationID: run.ConversationID, Intent: run.Intent, Language: run.Language,
		MessageID: run.MessageID, Outcome: string(run.Outcome), Priority: string(run.Priority), Reasons: texts(run.Reasons),
		ReplyID: run.Reply.ID, RunID: run.ID,
	}
	if run.Ticket != nil {
		data.TicketID, data.TicketNumber = &run.Ticket.ID, run.Ticket.Reference()
	}
	return webhook.Event{Type: webhook.QuestionConcluded, CreatedAt: run.Reply.CreatedAt, Data: data}
}

// eventOf is the event that tells of a step; steps without one are told of by those who take them.
func eventOf(step desk.Step) (webhook.Type, bool) {
	kinds := map[desk.Step]webhook.Type{
		desk.StepAbandon: webhook.TicketResolved, desk.StepAssign: webhook.TicketAssigned, desk.StepClaim: webhook.TicketClaimed,
		desk.StepEscalate: webhook.TicketEscalated, desk.StepExpire: webhook.TicketReleased, desk.StepFollowUp: webhook.TicketUpdated,
		desk.StepHold: webhook.TicketHeld, desk.StepMerge: webhook.TicketMerged, desk.StepMove: webhook.TicketUpdated,
		desk.StepOutcome: webhook.TicketUpdated, desk.StepPrioritise: webhook.TicketUpdated, desk.StepRelease: webhook.TicketReleased,
		desk.StepReopen: webhook.TicketReopened, desk.StepResolve: webhook.TicketResolved, desk.StepResume: webhook.TicketResumed,
		desk.StepTag: webhook.TicketUpdated, desk.StepTake: webhook.TicketUpdated,
	}
	kind, ok := kinds[step]
	return kind, ok
}

// emitChange tells of a step of a ticket through its states.
func (s *Store) emitChange(ctx context.Context, tx pgx.Tx, change desk.Change, after assistant.Ticket) error {
	kind, ok := eventOf(change.Step)
	if !ok {
		return nil
	}
	data := ticketData(after, change.Step)
	if change.Actor.Machine == "" {
		data.AgentID = &change.Actor.ID
	}
	return s.emit(ctx, tx, webhook.Event{Type: kind, CreatedAt: change.At, Data: data})
}

// emitAlarm tells that a promise is about to be missed, or was.
func (s *Store) emitAlarm(ctx context.Context, tx pgx.Tx, t assistant.Ticket, alarm desk.Alarm) error {
	kind := webhook.TicketDueSoon
	if alarm.Overdue {
		kind = webhook.TicketOverdue
	}
	data := ticketData(t, "")
	due := alarm.Due.UTC()
	data.Due, data.Promise, data.Step = &due, string(alarm.Promise), "alarm"
	return s.emit(ctx, tx, webhook.Event{Type: kind, CreatedAt: s.clock(), Data: data})
}

// sendMessage stores a message of the desk that no other event names, and tells of it.
func (s *Store) sendMessage(ctx context.Context, tx pgx.Tx, conversationID uuid.UUID, m assistant.Message) error {
	if err := s.insertMessage(ctx, tx, conversationID, m); err != nil {
		return err
	}
	return s.emit(ctx, tx, webhook.Event{Type: webhook.MessageSent, CreatedAt: m.CreatedAt, Data: webhook.Sent{
		ConversationID: conversationID, MessageID: m.ID,
	}})
}

// emitSent tells of a reply, or of a draft that was found unusable.
func (s *Store) emitSent(ctx context.Context, tx pgx.Tx, sending desk.Sending, after assistant.Ticket) error {
	data := ticketData(after, desk.StepReject)
	data.AgentID, data.DraftID = &sending.Actor.ID, nullID(sending.Reply.DraftID)
	event := webhook.Event{Type: webhook.DraftRejected, CreatedAt: sending.At}
	if sending.Message != nil {
		event.Type, data.Step = webhook.TicketReplied, string(desk.StepReply)
		data.Action, data.MessageID = string(sending.Reply.Action), &sending.Message.ID
	}
	event.Data = data
	return s.emit(ctx, tx, event)
}

func ticketData(t assistant.Ticket, step desk.Step) webhook.Ticket {
	data := webhook.Ticket{
		AssigneeID: t.AssigneeID, ConversationID: t.ConversationID, Intent: t.Intent, Language: t.Language, MergedInto: t.MergedInto,
		Number: t.Reference(), Outcome: string(t.Outcome), Priority: string(t.Priority), Queue: t.Queue,
		Reasons: append([]string{}, t.Reasons...), RespondBy: t.RespondBy.UTC(), Risks: texts(t.Risks), Status: string(t.Status),
		Step: string(step), TicketID: t.ID, Version: t.Version,
	}
	if t.ResolveBy != nil {
		at := t.ResolveBy.UTC()
		data.ResolveBy = &at
	}
	return data
}
