package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk/plan"
)

// Conclude implements assistant.Store. A conversation that a person took over in the meantime refuses a reply of the
// assistant with CodeConflict (P7): the caller looks again.
func (s *Store) Conclude(ctx context.Context, end assistant.Conclusion) (assistant.Run, error) {
	if end.Decision.Outcome != assistant.OutcomeHandedOff && end.Case.Ticket == nil {
		if run, done, err := s.concludeAlone(ctx, end); done || err != nil {
			return run, err
		}
	}
	var run assistant.Run
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := s.lockRun(ctx, tx, end.Case.Run)
		if err != nil {
			return err
		}
		if before.concluded {
			run, err = s.loadRun(ctx, tx, end.Case.Run.ID)
			return err
		}
		if run, err = s.conclude(ctx, tx, end, before); err != nil {
			return err
		}
		return s.emitConcluded(ctx, tx, run, before.open)
	})
	if err != nil {
		return assistant.Run{}, err
	}
	return run, nil
}

// concludeAlone ends a run that changes nothing but itself, in one round trip, which is one transaction. It does nothing, and says so,
// when the run has ended, when its conversation has a case, or when a webhook wants to be told.
func (s *Store) concludeAlone(ctx context.Context, end assistant.Conclusion) (assistant.Run, bool, error) {
	run := concludedRun(end)
	args, err := s.endArgs(end, nil)
	if err != nil {
		return run, false, err
	}
	args["alone"] = true
	if s.deliver != nil {
		event := concludedEvent(run)
		event.ID = uuid.Must(uuid.NewV7())
		body, err := event.Body()
		if err != nil {
			return run, false, fmt.Errorf("emit %s: %w", event.Type, err)
		}
		args["event_id"], args["event_type"], args["event_body"] = event.ID, string(event.Type), string(body)
	}
	var ended []endedRun
	batch := &pgx.Batch{}
	// Before the other, which then sees what was committed before the lock was given.
	batch.Queue(lockErased, pgx.NamedArgs{"id": run.ConversationID}).Query(locked)
	batch.Queue(storeEnd, args).Query(func(rows pgx.Rows) (err error) {
		ended, err = pgx.CollectRows(rows, pgx.RowToStructByName[endedRun])
		return err
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return run, false, fmt.Errorf("conclude run: %w", err)
	}
	if len(ended) == 0 {
		return run, false, nil
	}
	run.DeadlineAt = ended[0].DeadlineAt
	if at := ended[0].Position; at != nil && s.expect != nil {
		s.expect(*at)
	}
	return run, true, nil
}

// endedRun is what storeEnd returns of a run that it has ended.
type endedRun struct {
	DeadlineAt time.Time
	Position   *int64 // of the event that tells of it
}

// lockedRun is what is known of a run, and of the tickets of its conversation, while nobody else can change them.
type lockedRun struct {
	concluded bool
	deadline  time.Time         // as it is stored: who rescues a run works to another
	latest    *assistant.Ticket // the newest one, resolved or not
	open      *assistant.Ticket
	plan      *plan.Plan // of the desk
}

// lockRun locks a run's conversation and reads in the same round trip, each statement seeing what was committed before the lock was
// given. The conversation's row is the lock under which its messages, runs and tickets change.
func (s *Store) lockRun(ctx context.Context, tx pgx.Tx, run assistant.Run) (lockedRun, error) {
	var r lockedRun
	batch := &pgx.Batch{}
	args := pgx.NamedArgs{"id": run.ConversationID}
	batch.Queue(lockErased, args).Query(locked)
	batch.Queue(`SELECT deadline_at, status = 'concluded' AS concluded FROM runs WHERE id = @id`, pgx.NamedArgs{"id": run.ID}).
		Query(func(rows pgx.Rows) error {
			type row struct {
				Concluded  bool
				DeadlineAt time.Time
			}
			found, err := collectOne[row](rows, "run")
			r.concluded, r.deadline = found.Concluded, found.DeadlineAt
			return err
		})
	batch.Queue(selectNewestFirst, args).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[ticketRow])
		for i, row := range found {
			ticket := row.ticket()
			if i == 0 {
				r.latest = &ticket
			}
			if ticket.Status != assistant.TicketResolved {
				r.open = &ticket
			}
		}
		return err
	})
	s.queuePlan(batch, &r.plan)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return r, fmt.Errorf("lock run: %w", err)
	}
	return r, nil
}

// conclude returns the run as it is afterwards.
func (s *Store) conclude(ctx context.Context, tx pgx.Tx, end assistant.Conclusion, before lockedRun) (assistant.Run, error) {
	if end.Decision.Outcome != assistant.OutcomeHandedOff && before.open != nil && before.open.Held() {
		return assistant.Run{}, assistant.Errorf(assistant.CodeConflict, "a person has taken the conversation over")
	}
	run := concludedRun(end)
	run.DeadlineAt = before.deadline
	if end.Decision.Outcome == assistant.OutcomeHandedOff {
		ticket, err := s.concludeWithCase(ctx, tx, handing{end: end, found: before})
		run.Ticket = ticket
		return run, err
	}
	if err := s.noteRecontact(ctx, tx, before, end); err != nil {
		return assistant.Run{}, err
	}
	args, err := s.endArgs(end, nil)
	if err != nil {
		return assistant.Run{}, err
	}
	if _, err := tx.Exec(ctx, storeEnd, args); err != nil {
		return assistant.Run{}, fmt.Errorf("store end of run: %w", err)
	}
	return run, nil
}

// concludeWithCase ends a run that goes to a person, and returns its ticket.
func (s *Store) concludeWithCase(ctx context.Context, tx pgx.Tx, h handing) (*assistant.Ticket, error) {
	batch := &pgx.Batch{}
	id, err := s.handOff(ctx, tx, batch, h)
	if err != nil {
		return nil, err
	}
	args, err := s.endArgs(h.end, &id)
	if err != nil {
		return nil, err
	}
	batch.Queue(storeEnd, args)
	if h.end.Proposal != nil && !h.end.Draftless {
		args, err := s.draftArgs(draftRow{At: h.end.At, Proposal: *h.end.Proposal, RunID: h.end.Case.Run.ID, TicketID: id})
		if err != nil {
			return nil, err
		}
		batch.Queue(insertDraft, args)
	}
	var ticket *assistant.Ticket
	batch.Queue(selectTicket, pgx.NamedArgs{"id": id}).Query(func(rows pgx.Rows) (err error) {
		ticket, err = collectTicket(rows)
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("store end of run: %w", err)
	}
	if h.end.Proposal == nil && !h.end.Draftless {
		if err := s.enqueue(ctx, tx, assistant.Job{Kind: assistant.JobDraft, RunID: h.end.Case.Run.ID}); err != nil {
			return nil, fmt.Errorf("enqueue draft: %w", err)
		}
	}
	return ticket, s.registerAtOnce(ctx, tx, id, h.end)
}

// concludedRun is a run as it will be read, but for its ticket.
func concludedRun(end assistant.Conclusion) assistant.Run {
	e, run := end.Explained, end.Case.Run
	run.Confidence = float64(float32(e.Confidence)) // the database keeps as much
	run.Intent, run.Language, run.Priority = e.Triage.Intent, e.Language, e.Triage.Priority
	run.Outcome, run.Reasons, run.Reply = end.Decision.Outcome, end.Decision.Reasons, end.Reply
	run.Reply.CreatedAt, run.Reply.Redactions, run.Status = stored(end.At), []string{}, assistant.RunConcluded
	if run.Reply.Citations == nil {
		run.Reply.Citations = []assistant.Citation{}
	}
	return run
}

// endArgs are the values of storeEnd, of an end that nobody is told of by it.
func (s *Store) endArgs(end assistant.Conclusion, ticketID *uuid.UUID) (pgx.NamedArgs, error) {
	e, reply, shadow := end.Explained, end.Reply, assistant.Shadow{}
	if end.Shadow != nil {
		shadow = *end.Shadow
	}
	details, stages := make([]string, len(end.Steps)), make([]string, len(end.Steps))
	statuses, durations := make([]string, len(end.Steps)), make([]int64, len(end.Steps))
	for i, step := range end.Steps {
		detail, err := json.Marshal(step.Detail)
		if err != nil {
			return nil, fmt.Errorf("write steps: %w", err)
		}
		details[i], stages[i] = string(detail), string(step.Stage)
		statuses[i], durations[i] = string(step.Status), step.Duration.Microseconds()
	}
	return pgx.NamedArgs{
		"alone":             false,
		"author":            reply.Author,
		"body":              s.vault.Seal(messageBody.at(reply.ID.String()), reply.Body),
		"citations":         append([]assistant.Citation{}, reply.Citations...), // the column holds an array, never null
		"completion_tokens": e.Usage.CompletionTokens,
		"concluded_at":      end.At,
		"confidence":        e.Confidence,
		"conversation_id":   end.Case.Run.ConversationID,
		"details":           details,
		"durations":         durations,
		"embedding_model":   e.EmbeddingModel,
		"event_body":        "{}",
		"event_id":          nil,
		"event_type":        "",
		"id":                end.Case.Run.ID,
		"intent":            e.Triage.Intent,
		"kb_version":        e.KBVersion,
		"language":          e.Language,
		"message_id":        end.Case.Run.MessageID,
		"model":             e.Model,
		"outcome":           end.Decision.Outcome,
		"policy_version":    e.PolicyVersion,
		"priority":          e.Triage.Priority,
		"prompt_tokens":     e.Usage.PromptTokens,
		"prompt_version":    e.PromptVersion,
		"reasons":           end.Decision.Reasons,
		"reply_id":          reply.ID,
		"reply_language":    reply.Language,
		"risks":             texts(e.Triage.Risks),
		"shadow_body":       s.vault.Seal(shadowBody.at(end.Case.Run.ID.String()), shadow.Body),
		"shadow_outcome":    shadow.Outcome,
		"stages":            stages,
		"statuses":          statuses,
		"ticket_id":         ticketID,
	}, nil
}

// storeEnd writes the end of a run: the run itself, its reply, its steps, in which language the question is and, with an event_id, the
// event that tells of it. The caller holds the conversation's lock. Where the run is to end alone, it writes nothing unless it does.
const storeEnd = `
	WITH run AS (
		UPDATE runs SET
			status = 'concluded', outcome = @outcome, reasons = @reasons, reply_id = @reply_id, ticket_id = @ticket_id,
			language = @language, intent = @intent, priority = @priority, risks = @risks, confidence = @confidence,
			policy_version = @policy_version, kb_version = @kb_version, prompt_version = @prompt_version,
			model = nullif(@model, ''), embedding_model = nullif(@embedding_model, ''),
			prompt_tokens = @prompt_tokens, completion_tokens = @completion_tokens, concluded_at = @concluded_at,
			shadow_outcome = nullif(@shadow_outcome, ''), shadow_body = nullif(@shadow_body, '')
		WHERE id = @id AND (NOT @alone OR status = 'running'
			AND NOT EXISTS (SELECT FROM tickets t WHERE t.conversation_id = @conversation_id)
			AND NOT EXISTS (
				SELECT FROM webhook_endpoints w WHERE w.removed_at IS NULL AND (w.events = '{}' OR @event_type = ANY (w.events))))
		RETURNING deadline_at
	), reply AS (
		INSERT INTO messages (id, conversation_id, author, body, language, citations, created_at)
		SELECT @reply_id, @conversation_id, @author, @body, nullif(@reply_language, ''), @citations, @concluded_at FROM run
	), question AS (
		UPDATE messages SET language = @language FROM run WHERE id = @message_id
	), steps AS (
		INSERT INTO run_steps (run_id, ordinal, stage, status, duration_us, detail)
		SELECT @id, ordinal - 1, stage, status, duration_us, detail::jsonb
		FROM run, unnest(@stages::text[], @statuses::text[], @durations::bigint[], @details::text[])
			WITH ORDINALITY AS s (stage, status, duration_us, detail, ordinal)
	), event AS (
		INSERT INTO webhook_events (id, type, body, created_at)
		SELECT @event_id, @event_type, @event_body::json, @concluded_at FROM run WHERE @event_id::uuid IS NOT NULL
		RETURNING position
	)
	SELECT run.deadline_at, event.position FROM run LEFT JOIN event ON true`
