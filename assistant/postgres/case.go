package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
)

// Case implements assistant.Store.
func (s *Store) Case(ctx context.Context, runID uuid.UUID) (assistant.Case, error) {
	return s.loadCase(ctx, s.pool, runID)
}

// loadCase reads a run with its question, the conversation before it, and the ticket that is open now.
func (s *Store) loadCase(ctx context.Context, q querier, runID uuid.UUID) (assistant.Case, error) {
	run, err := s.loadRun(ctx, q, runID)
	if err != nil {
		return assistant.Case{}, err
	}
	c := assistant.Case{Run: run}
	around, err := loadCircumstances(ctx, q, run.ConversationID)
	if err != nil {
		return c, err
	}
	c.Channel, c.Jurisdiction, c.Locale = around.Channel, around.Jurisdiction, around.Locale
	c.Tier = triage.Tier(around.Tier)
	if c.Question, c.History, err = s.messagesUntil(ctx, q, run.MessageID, historyKept); err != nil {
		return c, err
	}
	if c.Ticket, err = unresolvedTicket(ctx, q, run.ConversationID); err != nil {
		return c, err
	}
	c.Clarifications, err = clarifications(ctx, q, run)
	return c, err
}

// clarifications counts the latest runs in a row, before this one, that asked back.
func clarifications(ctx context.Context, q querier, run assistant.Run) (int, error) {
	rows, err := q.Query(ctx, `
		SELECT outcome FROM runs
		WHERE conversation_id = @conversation_id AND status = 'concluded' AND started_at < @started_at
		ORDER BY started_at DESC LIMIT @limit`,
		pgx.NamedArgs{"conversation_id": run.ConversationID, "started_at": run.StartedAt, "limit": historyKept})
	if err != nil {
		return 0, fmt.Errorf("count clarifications: %w", err)
	}
	outcomes, err := pgx.CollectRows(rows, pgx.RowTo[assistant.Outcome])
	if err != nil {
		return 0, fmt.Errorf("count clarifications: %w", err)
	}
	for i, outcome := range outcomes {
		if outcome != assistant.OutcomeClarify {
			return i, nil
		}
	}
	return len(outcomes), nil
}

func (s *Store) loadRun(ctx context.Context, q querier, runID uuid.UUID) (assistant.Run, error) {
	rows, err := q.Query(ctx, `
		SELECT id, conversation_id, message_id, status, coalesce(outcome, '') AS outcome, reasons, reply_id, ticket_id,
			coalesce(language, '') AS language, coalesce(intent, '') AS intent, coalesce(priority, '') AS priority,
			coalesce(confidence, 0)::float8 AS confidence, started_at, deadline_at
		FROM runs WHERE id = @id`, pgx.NamedArgs{"id": runID})
	if err != nil {
		return assistant.Run{}, fmt.Errorf("load run: %w", err)
	}
	row, err := collectOne[runRow](rows, "run")
	if err != nil {
		return assistant.Run{}, err
	}
	run := row.run()
	if row.ReplyID != nil {
		if run.Reply, err = s.loadMessage(ctx, q, *row.ReplyID); err != nil {
			return run, err
		}
	}
	if row.TicketID != nil {
		ticket, err := loadTicket(ctx, q, *row.TicketID)
		if err != nil {
			return run, err
		}
		run.Ticket = &ticket
	}
	return run, nil
}

// runRow is a row of runs.
type runRow struct {
	ID             uuid.UUID
	Confidence     float64
	ConversationID uuid.UUID
	DeadlineAt     time.Time
	Intent         string
	Language       string
	MessageID      uuid.UUID
	Outcome        string
	Priority       string
	Reasons        []string
	ReplyID        *uuid.UUID
	StartedAt      time.Time
	Status         string
	TicketID       *uuid.UUID
}

func (r runRow) run() assistant.Run {
	return assistant.Run{
		ID:             r.ID,
		Confidence:     r.Confidence,
		ConversationID: r.ConversationID,
		DeadlineAt:     r.DeadlineAt,
		Intent:         r.Intent,
		Language:       r.Language,
		MessageID:      r.MessageID,
		Outcome:        assistant.Outcome(r.Outcome),
		Priority:       triage.Priority(r.Priority),
		Reasons:        values[assistant.Reason](r.Reasons),
		StartedAt:      r.StartedAt,
		Status:         assistant.RunStatus(r.Status),
	}
}
