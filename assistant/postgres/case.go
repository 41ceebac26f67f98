package postgres

import (
	"cmp"
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

// loadCase reads a run with its question, the conversation before it, and the ticket that is open now, in one round trip.
func (s *Store) loadCase(ctx context.Context, q querier, runID uuid.UUID) (assistant.Case, error) {
	var stored storedCase
	batch := &pgx.Batch{}
	stored.queue(batch, runID)
	if err := q.SendBatch(ctx, batch).Close(); err != nil {
		return assistant.Case{}, fmt.Errorf("load case: %w", err)
	}
	return s.openCase(ctx, q, stored)
}

// openCase returns a case that was read. Its messages may be sealed with a key that has to be read.
func (s *Store) openCase(ctx context.Context, q querier, stored storedCase) (assistant.Case, error) {
	c := assistant.Case{
		Channel: stored.around.Channel, Clarifications: stored.clarifications, Jurisdiction: stored.around.Jurisdiction,
		Locale: stored.around.Locale, Ticket: stored.ticket, Tier: triage.Tier(stored.around.Tier),
	}
	var err error
	if c.Run, err = s.openRun(ctx, q, stored.run); err != nil {
		return c, err
	}
	c.Question, c.History, err = s.openHistory(ctx, q, stored.messages)
	return c, err
}

// firstCase is the case of a question that begins its conversation, as it will be read: nothing came before it.
func firstCase(o assistant.Opening) assistant.Case {
	question, customer := o.Message, o.Question.Customer
	question.Citations, question.CreatedAt = []assistant.Citation{}, stored(o.At)
	return assistant.Case{
		Channel: o.Question.Channel, Jurisdiction: cmp.Or(customer.Jurisdiction, o.Question.Jurisdiction), Locale: o.Question.Locale,
		Question: question, Tier: customer.Tier, History: []assistant.Message{},
		Run: assistant.Run{
			ID: o.RunID, ConversationID: o.ConversationID, DeadlineAt: stored(o.DeadlineAt), MessageID: o.Message.ID,
			StartedAt: stored(o.At), Status: assistant.RunRunning,
		},
	}
}

// stored is a time as it comes back from the database: in microseconds, of the local zone.
func stored(at time.Time) time.Time { return at.Truncate(time.Microsecond).Local() } //nolint:gosmopolitan // as pgx reads it

// storedCase is a case as it is stored.
type storedCase struct {
	around         circumstances
	clarifications int
	messages       []messageRow // the latest first
	run            storedRun
	ticket         *assistant.Ticket
}

// queue adds what reads a case to a batch.
func (c *storedCase) queue(batch *pgx.Batch, runID uuid.UUID) {
	c.run.queue(batch, runID)
	args := pgx.NamedArgs{"run_id": runID, "limit": historyKept}
	batch.Queue(selectCircumstances+` WHERE id = (SELECT conversation_id FROM runs WHERE id = @run_id)`, args).
		Query(func(rows pgx.Rows) (err error) {
			c.around, err = collectOne[circumstances](rows, "conversation")
			return err
		})
	batch.Queue(`
		SELECT `+messageColumns+` FROM messages
		WHERE conversation_id = (SELECT conversation_id FROM runs WHERE id = @run_id) AND (created_at, id) <= (
			SELECT m.created_at, m.id FROM runs r JOIN messages m ON m.id = r.message_id WHERE r.id = @run_id)
		ORDER BY created_at DESC, id DESC LIMIT @limit + 1`, args).
		Query(func(rows pgx.Rows) (err error) {
			c.messages, err = pgx.CollectRows(rows, pgx.RowToStructByName[messageRow])
			return err
		})
	batch.Queue(`
		SELECT `+ticketColumns+` FROM tickets t
		WHERE t.conversation_id = (SELECT conversation_id FROM runs WHERE id = @run_id) AND t.status <> 'resolved'`, args).
		Query(func(rows pgx.Rows) (err error) {
			c.ticket, err = collectTicket(rows)
			return err
		})
	batch.Queue(`
		SELECT e.outcome FROM runs r JOIN runs e ON e.conversation_id = r.conversation_id AND e.started_at < r.started_at
		WHERE r.id = @run_id AND e.status = 'concluded'
		ORDER BY e.started_at DESC LIMIT @limit`, args).
		Query(func(rows pgx.Rows) (err error) {
			c.clarifications, err = countClarifications(rows)
			return err
		})
}

// countClarifications counts the first outcomes in a row that asked back.
func countClarifications(rows pgx.Rows) (int, error) {
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
	var run storedRun
	batch := &pgx.Batch{}
	run.queue(batch, runID)
	if err := q.SendBatch(ctx, batch).Close(); err != nil {
		return assistant.Run{}, fmt.Errorf("load run: %w", err)
	}
	return s.openRun(ctx, q, run)
}

// openRun returns a run that was read. Its reply may be sealed with a key that has to be read.
func (s *Store) openRun(ctx context.Context, q querier, stored storedRun) (assistant.Run, error) {
	run := stored.row.run()
	run.Ticket = stored.ticket
	if stored.reply == nil {
		return run, nil
	}
	var err error
	run.Reply, err = s.openMessage(ctx, q, *stored.reply)
	return run, err
}

// storedRun is a run as it is stored, with what belongs to it.
type storedRun struct {
	reply  *messageRow
	row    runRow
	ticket *assistant.Ticket
}

// queue adds what reads a run to a batch.
func (r *storedRun) queue(batch *pgx.Batch, runID uuid.UUID) {
	args := pgx.NamedArgs{"id": runID}
	batch.Queue(`
		SELECT id, conversation_id, message_id, status, coalesce(outcome, '') AS outcome, reasons, reply_id, ticket_id,
			coalesce(language, '') AS language, coalesce(intent, '') AS intent, coalesce(priority, '') AS priority,
			coalesce(confidence, 0)::float8 AS confidence, started_at, deadline_at
		FROM runs WHERE id = @id`, args).Query(func(rows pgx.Rows) (err error) {
		r.row, err = collectOne[runRow](rows, "run")
		return err
	})
	batch.Queue(`SELECT `+messageColumns+` FROM messages WHERE id = (SELECT reply_id FROM runs WHERE id = @id)`, args).
		Query(func(rows pgx.Rows) error {
			replies, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[messageRow])
			if len(replies) > 0 {
				r.reply = replies[0]
			}
			return err
		})
	batch.Queue(`SELECT `+ticketColumns+` FROM tickets t WHERE t.id = (SELECT ticket_id FROM runs WHERE id = @id)`, args).
		Query(func(rows pgx.Rows) (err error) {
			r.ticket, err = collectTicket(rows)
			return err
		})
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
