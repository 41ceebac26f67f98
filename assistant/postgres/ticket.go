package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// ticketColumns are the columns of ticketRow.
const ticketColumns = `id, number, conversation_id, status, priority, intent, risks, reasons, language, assignee_id, version,
	respond_by, created_at, first_response_at, resolved_at`

// handOff puts a case into the queue: a new ticket, or the conversation's unresolved one, which can only become more
// urgent. The caller holds the conversation's lock.
func handOff(ctx context.Context, tx pgx.Tx, open *assistant.Ticket, end assistant.Conclusion) (uuid.UUID, error) {
	t := end.Explained.Triage
	id := uuid.Must(uuid.NewV7())
	if open != nil {
		id = open.ID
	}
	args := pgx.NamedArgs{
		"id":              id,
		"conversation_id": end.Case.Run.ConversationID,
		"priority":        t.Priority,
		"intent":          t.Intent,
		"risks":           texts(t.Risks),
		"reasons":         texts(end.Decision.Reasons),
		"language":        end.Explained.Language,
		"respond_by":      end.RespondBy,
		"at":              end.At,
	}
	if open == nil {
		_, err := tx.Exec(ctx, `
			INSERT INTO tickets (id, conversation_id, status, priority, intent, risks, reasons, language, respond_by, created_at)
			VALUES (@id, @conversation_id, 'open', @priority, @intent, @risks, @reasons, @language, @respond_by, @at)`, args)
		if err != nil {
			return uuid.Nil, fmt.Errorf("insert ticket: %w", err)
		}
		return id, nil
	}
	_, err := tx.Exec(ctx, `
		UPDATE tickets SET
			priority = least(priority, @priority),
			intent = CASE WHEN @priority < priority THEN @intent ELSE intent END,
			risks = (SELECT coalesce(array_agg(DISTINCT r), '{}') FROM unnest(risks || @risks::text[]) r),
			reasons = (SELECT array_agg(DISTINCT r) FROM unnest(reasons || @reasons::text[]) r),
			-- The customer has spoken: whoever waited for them has work again.
			status = CASE status WHEN 'waiting' THEN 'claimed' ELSE status END,
			respond_by = CASE status WHEN 'waiting' THEN @respond_by ELSE least(respond_by, @respond_by) END,
			version = version + 1
		WHERE id = @id`, args)
	if err != nil {
		return uuid.Nil, fmt.Errorf("update ticket: %w", err)
	}
	return id, nil
}

// unresolvedTicket returns the ticket of a conversation that a person still has to resolve, or nil.
func unresolvedTicket(ctx context.Context, q querier, conversationID uuid.UUID) (*assistant.Ticket, error) {
	return ticketOf(ctx, q, `
		SELECT `+ticketColumns+` FROM tickets WHERE conversation_id = @id AND status <> 'resolved'`, conversationID)
}

// latestTicket returns the newest ticket of a conversation, or nil.
func latestTicket(ctx context.Context, q querier, conversationID uuid.UUID) (*assistant.Ticket, error) {
	return ticketOf(ctx, q, `
		SELECT `+ticketColumns+` FROM tickets WHERE conversation_id = @id ORDER BY number DESC LIMIT 1`, conversationID)
}

func ticketOf(ctx context.Context, q querier, query string, conversationID uuid.UUID) (*assistant.Ticket, error) {
	rows, err := q.Query(ctx, query, pgx.NamedArgs{"id": conversationID})
	if err != nil {
		return nil, fmt.Errorf("load ticket: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[ticketRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // no ticket is an answer, not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("load ticket: %w", err)
	}
	ticket := row.ticket()
	return &ticket, nil
}

func loadTicket(ctx context.Context, q querier, id uuid.UUID) (assistant.Ticket, error) {
	rows, err := q.Query(ctx, `SELECT `+ticketColumns+` FROM tickets WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return assistant.Ticket{}, fmt.Errorf("load ticket: %w", err)
	}
	row, err := collectOne[ticketRow](rows, "ticket")
	return row.ticket(), err
}

// ticketRow is a row of tickets.
type ticketRow struct {
	ID              uuid.UUID
	AssigneeID      *uuid.UUID
	ConversationID  uuid.UUID
	CreatedAt       time.Time
	FirstResponseAt *time.Time
	Intent          string
	Language        string
	Number          int64
	Priority        string
	Reasons         []string
	ResolvedAt      *time.Time
	RespondBy       time.Time
	Risks           []string
	Status          string
	Version         int32
}

func (r ticketRow) ticket() assistant.Ticket {
	return assistant.Ticket{
		ID: r.ID, AssigneeID: r.AssigneeID, ConversationID: r.ConversationID, CreatedAt: r.CreatedAt,
		FirstResponseAt: r.FirstResponseAt, Intent: r.Intent, Language: r.Language, Number: r.Number,
		Priority: triage.Priority(r.Priority), Reasons: r.Reasons, ResolvedAt: r.ResolvedAt, RespondBy: r.RespondBy,
		Risks: values[risk.Risk](r.Risks), Status: assistant.TicketStatus(r.Status), Version: r.Version,
	}
}
