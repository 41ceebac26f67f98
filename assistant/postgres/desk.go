package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// Change implements desk.Store.
func (s *Store) Change(ctx context.Context, c desk.Change) (assistant.Ticket, error) {
	var ticket assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockTicket(ctx, tx, c.TicketID, c.Version)
		if err != nil {
			return err
		}
		if err := allowed(before, c); err != nil {
			return err
		}
		var assignee *uuid.UUID
		if c.To != assistant.TicketOpen {
			assignee = &c.Actor.ID
		}
		_, err = tx.Exec(ctx, `
			UPDATE tickets SET status = @status, assignee_id = @assignee_id, version = version + 1,
				resolved_at = CASE WHEN @status = 'resolved' THEN @at::timestamptz END
			WHERE id = @id`,
			pgx.NamedArgs{"status": c.To, "assignee_id": assignee, "at": c.At, "id": c.TicketID})
		if err != nil {
			return fmt.Errorf("update ticket: %w", err)
		}
		if err := audit(ctx, tx, ticketEntry("ticket."+string(c.To), c.Actor, c.At, c.TicketID)); err != nil {
			return err
		}
		if ticket, err = loadTicket(ctx, tx, c.TicketID); err != nil {
			return err
		}
		return s.emitChange(ctx, tx, c, ticket)
	})
	return ticket, err
}

// Detail implements desk.Store.
func (s *Store) Detail(ctx context.Context, ticketID uuid.UUID) (desk.Detail, error) {
	var detail desk.Detail
	var err error
	if detail.Ticket, err = loadTicket(ctx, s.pool, ticketID); err != nil {
		return detail, err
	}
	if detail.Conversation, err = s.Conversation(ctx, detail.Ticket.ConversationID); err != nil {
		return detail, err
	}
	if detail.Drafts, err = ticketDrafts(ctx, s.pool, ticketID); err != nil {
		return detail, err
	}
	detail.Trail, err = trail(ctx, s.pool, detail.Ticket.ConversationID)
	return detail, err
}

// Queue implements desk.Store.
func (s *Store) Queue(ctx context.Context, f desk.Filter) ([]assistant.Ticket, error) {
	args := pgx.NamedArgs{
		"status": string(f.Status), "priority": string(f.Priority), "intent": f.Intent, "language": f.Language,
		"assignee_id": f.AssigneeID, "limit": f.Limit, "after": f.After != nil,
		"after_priority": "", "after_respond_by": time.Time{}, "after_id": uuid.Nil,
	}
	if f.After != nil {
		args["after_priority"], args["after_respond_by"], args["after_id"] = string(f.After.Priority), f.After.RespondBy, f.After.ID
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+ticketColumns+` FROM tickets
		WHERE ((@status = '' AND status <> 'resolved') OR status = @status)
		  AND (@priority = '' OR priority = @priority)
		  AND (@intent = '' OR intent = @intent)
		  AND (@language = '' OR language = @language)
		  AND (@assignee_id::uuid IS NULL OR assignee_id = @assignee_id)
		  AND (NOT @after OR (priority, respond_by, id) > (@after_priority, @after_respond_by, @after_id::uuid))
		ORDER BY priority, respond_by, id LIMIT @limit`, args)
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[ticketRow])
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	tickets := make([]assistant.Ticket, len(found))
	for i, row := range found {
		tickets[i] = row.ticket()
	}
	return tickets, nil
}

// Send implements desk.Store.
func (s *Store) Send(ctx context.Context, sending desk.Sending) (assistant.Ticket, error) {
	var ticket assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		reply := sending.Reply
		before, err := lockTicket(ctx, tx, reply.TicketID, reply.Version)
		if err != nil {
			return err
		}
		if !before.Held() || before.AssigneeID == nil || *before.AssigneeID != sending.Actor.ID {
			return assistant.Errorf(assistant.CodeConflict, "claim the ticket before you answer it")
		}
		if sending.Message != nil {
			if err := insertMessage(ctx, tx, before.ConversationID, *sending.Message); err != nil {
				return err
			}
		}
		if err := decideDraft(ctx, tx, sending); err != nil {
			return err
		}
		if err := noteReply(ctx, tx, sending); err != nil {
			return err
		}
		entry := ticketEntry("ticket.reply", sending.Actor, sending.At, reply.TicketID)
		entry.Detail = map[string]any{"action": reply.Action, "draft_id": reply.DraftID}
		if err := audit(ctx, tx, entry); err != nil {
			return err
		}
		if ticket, err = loadTicket(ctx, tx, reply.TicketID); err != nil {
			return err
		}
		return s.emitSent(ctx, tx, sending, ticket)
	})
	return ticket, err
}

// allowed checks the step against the states of a ticket and against who holds it.
func allowed(before assistant.Ticket, c desk.Change) error {
	mine := before.AssigneeID != nil && *before.AssigneeID == c.Actor.ID
	if before.AssigneeID != nil && !mine && !c.Actor.Lead {
		return assistant.Errorf(assistant.CodeConflict, "another agent holds this ticket")
	}
	possible := false
	switch c.To {
	case assistant.TicketClaimed:
		possible = before.Status == assistant.TicketOpen || before.Status != assistant.TicketResolved && !mine
	case assistant.TicketOpen:
		possible = before.Held()
	case assistant.TicketResolved:
		possible = before.Held()
	case assistant.TicketWaiting: // reached by replying only
	}
	if !possible {
		return assistant.Errorf(assistant.CodeConflict, "a ticket that is %s cannot become %s", before.Status, c.To)
	}
	return nil
}

func decideDraft(ctx context.Context, tx pgx.Tx, sending desk.Sending) error {
	if sending.Fate == "" {
		return nil
	}
	var sentAs *uuid.UUID
	if sending.Message != nil {
		sentAs = &sending.Message.ID
	}
	tag, err := tx.Exec(ctx, `
		UPDATE drafts SET fate = @fate, decided_by = @decided_by, decided_at = @decided_at, sent_as = @sent_as,
			reject_reason = nullif(@reason, '')
		WHERE id = @id AND ticket_id = @ticket_id AND fate = 'pending'`,
		pgx.NamedArgs{
			"fate": sending.Fate, "decided_by": sending.Actor.ID, "decided_at": sending.At, "sent_as": sentAs,
			"reason": sending.Reply.Reason, "id": sending.Reply.DraftID, "ticket_id": sending.Reply.TicketID,
		})
	if err != nil {
		return fmt.Errorf("decide draft: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return assistant.Errorf(assistant.CodeConflict, "the draft was decided before")
	}
	return nil
}

// noteReply moves the ticket on: after a message the desk waits for the customer.
func noteReply(ctx context.Context, tx pgx.Tx, sending desk.Sending) error {
	_, err := tx.Exec(ctx, `
		UPDATE tickets SET version = version + 1,
			status = CASE WHEN @sent THEN 'waiting' ELSE status END,
			first_response_at = CASE WHEN @sent THEN coalesce(first_response_at, @at) ELSE first_response_at END
		WHERE id = @id`,
		pgx.NamedArgs{"sent": sending.Message != nil, "at": sending.At, "id": sending.Reply.TicketID})
	if err != nil {
		return fmt.Errorf("update ticket: %w", err)
	}
	return nil
}

// lockTicket returns the ticket for a change, if the caller saw its latest version. The conversation's lock comes first,
// as it does when a run concludes, so that the two can wait for each other but never for ever.
func lockTicket(ctx context.Context, tx pgx.Tx, id uuid.UUID, version int32) (assistant.Ticket, error) {
	ticket, err := loadTicket(ctx, tx, id)
	if err != nil {
		return ticket, err
	}
	if err := lockConversation(ctx, tx, ticket.ConversationID); err != nil {
		return ticket, err
	}
	if ticket, err = loadTicket(ctx, tx, id); err != nil {
		return ticket, err
	}
	if ticket.Version != version {
		return ticket, assistant.Errorf(assistant.CodeConflict, "the ticket has changed since you read it: read it again")
	}
	return ticket, nil
}

func ticketDrafts(ctx context.Context, q querier, ticketID uuid.UUID) ([]desk.Draft, error) {
	rows, err := q.Query(ctx, `
		SELECT id, body, citations, coalesce(confidence, 0)::float8 AS confidence, created_at, fate, findings, language,
			method, coalesce(reject_reason, '') AS reject_reason, run_id
		FROM drafts WHERE ticket_id = @id ORDER BY created_at DESC, id DESC`, pgx.NamedArgs{"id": ticketID})
	if err != nil {
		return nil, fmt.Errorf("load drafts: %w", err)
	}
	drafts, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Draft])
	if err != nil {
		return nil, fmt.Errorf("load drafts: %w", err)
	}
	return drafts, nil
}

func ticketEntry(action string, actor desk.Actor, at time.Time, ticketID uuid.UUID) Entry {
	return Entry{Action: action, Actor: actor.ID.String(), At: at, SubjectID: ticketID.String(), SubjectKind: "ticket"}
}

// trail reads how the runs of a conversation went.
func trail(ctx context.Context, q querier, conversationID uuid.UUID) ([]desk.Trace, error) {
	rows, err := q.Query(ctx, `
		SELECT r.id AS run_id, r.started_at, r.outcome, r.reasons, coalesce(r.confidence, 0)::float8 AS confidence,
			coalesce((
				SELECT jsonb_agg(jsonb_build_object('stage', s.stage, 'status', s.status,
					'duration_ns', s.duration_us * 1000, 'detail', s.detail) ORDER BY s.ordinal)
				FROM run_steps s WHERE s.run_id = r.id), '[]') AS steps
		FROM runs r WHERE r.conversation_id = @id AND r.status = 'concluded' ORDER BY r.started_at, r.id`,
		pgx.NamedArgs{"id": conversationID})
	if err != nil {
		return nil, fmt.Errorf("load trail: %w", err)
	}
	traces, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Trace])
	if err != nil {
		return nil, fmt.Errorf("load trail: %w", err)
	}
	return traces, nil
}

var _ desk.Store = (*Store)(nil)
