package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
)

// historyKept is how many earlier messages a run looks at.
const historyKept = 20

// Begin implements assistant.Store.
func (s *Store) Begin(ctx context.Context, o assistant.Opening) (assistant.Case, error) {
	if c, found, err := s.repeated(ctx, o); found || err != nil {
		return c, err
	}
	var c assistant.Case
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		stored, at, err := s.insertQuestion(ctx, tx, o)
		if err != nil {
			return err
		}
		asker := Asker{APIKeyID: o.Question.APIKeyID, Customer: o.Question.Customer}
		if err := useToken(ctx, tx, tokenUse{asker: asker, at: o.At, conversationID: o.ConversationID}); err != nil {
			return err
		}
		// Workers go by the database's clock. By that of a program that is an hour ahead, and dies, a customer would wait for an hour.
		rescue := assistant.Job{At: at.Add(o.RecoverAfter), Kind: assistant.JobRecover, RunID: o.RunID}
		job, err := s.enqueue(ctx, tx, rescue)
		if err != nil {
			return fmt.Errorf("enqueue recovery: %w", err)
		}
		if c = firstCase(o); o.Question.ConversationID != uuid.Nil {
			if c, err = s.openCase(ctx, tx, stored); err != nil {
				return err
			}
		}
		c.RescueJob = job
		return nil
	})
	if violated(err, "idempotency_keys_pkey") || violated(err, "messages_client_id_key") {
		// Another request with the same key was faster: its message is there now.
		c, _, err = s.repeated(ctx, o)
	}
	if err != nil {
		return assistant.Case{}, err
	}
	return c, nil
}

// Conclude implements assistant.Store. A conversation that a person took over in the meantime refuses a reply of the
// assistant with CodeConflict (P7): the caller looks again.
func (s *Store) Conclude(ctx context.Context, end assistant.Conclusion) (assistant.Run, error) {
	var run assistant.Run
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockRun(ctx, tx, end.Case.Run)
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

// lockedRun is what is known of a run, and of the tickets of its conversation, while nobody else can change them.
type lockedRun struct {
	concluded bool
	deadline  time.Time         // as it is stored: who rescues a run works to another
	latest    *assistant.Ticket // the newest one, resolved or not
	open      *assistant.Ticket
}

// lockRun locks a run's conversation and reads in the same round trip, each statement seeing what was committed before the lock was
// given. The conversation's row is the lock under which its messages, runs and tickets change.
func lockRun(ctx context.Context, tx pgx.Tx, run assistant.Run) (lockedRun, error) {
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
	batch := &pgx.Batch{}
	s.queueReply(batch, end)
	var ticketID *uuid.UUID
	if end.Decision.Outcome == assistant.OutcomeHandedOff {
		if err := tx.SendBatch(ctx, batch).Close(); err != nil { // what opens a ticket names the reply
			return assistant.Run{}, fmt.Errorf("insert reply: %w", err)
		}
		batch = &pgx.Batch{}
		id, err := s.handOff(ctx, tx, before, end)
		if err != nil {
			return assistant.Run{}, err
		}
		ticketID = &id
		if err := s.registerAtOnce(ctx, tx, id, end); err != nil {
			return assistant.Run{}, err
		}
	} else if err := s.noteRecontact(ctx, tx, before, end); err != nil {
		return assistant.Run{}, err
	}
	s.queueEnd(batch, end, ticketID)
	if job := end.Case.RescueJob; job != 0 {
		// To wake it only to find that all is done takes as much of the database as storing the answer.
		batch.Queue(`DELETE FROM river_job WHERE id = @id AND state = 'scheduled'`, pgx.NamedArgs{"id": job})
	}
	if err := queueSteps(batch, end); err != nil {
		return assistant.Run{}, err
	}
	run := concludedRun(end)
	run.DeadlineAt = before.deadline
	if ticketID != nil {
		batch.Queue(`SELECT `+ticketColumns+` FROM tickets t WHERE t.id = @id`, pgx.NamedArgs{"id": ticketID}).
			Query(func(rows pgx.Rows) (err error) {
				run.Ticket, err = collectTicket(rows)
				return err
			})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return assistant.Run{}, fmt.Errorf("store end of run: %w", err)
	}
	return run, s.keepProposal(ctx, tx, end, ticketID)
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

// keepProposal stores the draft that goes to the agents, or asks for one where the pipeline made none.
func (s *Store) keepProposal(ctx context.Context, tx pgx.Tx, end assistant.Conclusion, ticketID *uuid.UUID) error {
	switch {
	case ticketID == nil || end.Draftless:
		return nil
	case end.Proposal != nil:
		return s.insertDraft(ctx, tx, draftRow{At: end.At, Proposal: *end.Proposal, RunID: end.Case.Run.ID, TicketID: *ticketID})
	}
	if _, err := s.enqueue(ctx, tx, assistant.Job{At: end.At, Kind: assistant.JobDraft, RunID: end.Case.Run.ID}); err != nil {
		return fmt.Errorf("enqueue draft: %w", err)
	}
	return nil
}

// repeated finds the case of a question that came before under the same idempotency key or client id.
func (s *Store) repeated(ctx context.Context, o assistant.Opening) (assistant.Case, bool, error) {
	if o.Question.IdempotencyKey == "" && o.Question.ClientID == "" {
		return assistant.Case{}, false, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT r.id, m.request_hash
		FROM messages m JOIN runs r ON r.message_id = m.id
		WHERE m.id IN (SELECT message_id FROM idempotency_keys WHERE api_key_id = @api_key_id AND key = @key)
		   OR (m.conversation_id = @conversation_id AND m.client_id = @client_id AND EXISTS (
			SELECT FROM conversations c
			WHERE c.id = m.conversation_id AND c.api_key_id IS NOT DISTINCT FROM nullif(@api_key_id, @no_key::uuid)))
		LIMIT 1`,
		pgx.NamedArgs{
			"api_key_id":      o.Question.APIKeyID,
			"no_key":          uuid.Nil,
			"key":             o.Question.IdempotencyKey,
			"conversation_id": o.Question.ConversationID,
			"client_id":       o.Question.ClientID,
		})
	if err != nil {
		return assistant.Case{}, false, fmt.Errorf("look for a repeated question: %w", err)
	}
	type row struct {
		ID          uuid.UUID
		RequestHash []byte
	}
	earlier, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return assistant.Case{}, false, nil
	case err != nil:
		return assistant.Case{}, false, fmt.Errorf("look for a repeated question: %w", err)
	case string(earlier.RequestHash) != string(o.RequestHash[:]):
		return assistant.Case{}, true, assistant.Errorf(assistant.CodeReused,
			"this idempotency key or message id came before with another request: use a new one")
	}
	c, err := s.Case(ctx, earlier.ID)
	c.Repeated = true
	return c, true, err
}

// insertQuestion stores a question, in one round trip with what reads the case of one that does not begin its conversation. It returns
// the time by the database's clock, too.
func (s *Store) insertQuestion(ctx context.Context, tx pgx.Tx, o assistant.Opening) (storedCase, time.Time, error) {
	batch := &pgx.Batch{}
	if o.Question.ConversationID == uuid.Nil {
		queueConversation(batch, o)
	} else if err := joinConversation(ctx, tx, o); err != nil {
		return storedCase{}, time.Time{}, err
	}
	for id, body := range o.Rewritten {
		batch.Queue(`UPDATE messages SET body = @body WHERE id = @id AND conversation_id = @conversation_id`,
			pgx.NamedArgs{"body": s.vault.Seal(messageBody.at(id.String()), body), "id": id, "conversation_id": o.ConversationID})
	}
	batch.Queue(`
		INSERT INTO messages (id, conversation_id, author, body, redactions, client_id, request_hash, created_at)
		VALUES (@id, @conversation_id, 'customer', @body, @redactions, nullif(@client_id, ''), @request_hash, @created_at)`,
		pgx.NamedArgs{
			"id":              o.Message.ID,
			"conversation_id": o.ConversationID,
			"body":            s.vault.Seal(messageBody.at(o.Message.ID.String()), o.Message.Body),
			"redactions":      o.Message.Redactions,
			"client_id":       o.Question.ClientID,
			"request_hash":    o.RequestHash[:],
			"created_at":      o.At,
		})
	if o.Question.IdempotencyKey != "" {
		batch.Queue(`
			INSERT INTO idempotency_keys (api_key_id, key, message_id, created_at)
			VALUES (@api_key_id, @key, @message_id, @created_at)`,
			pgx.NamedArgs{
				"api_key_id": o.Question.APIKeyID, "key": o.Question.IdempotencyKey, "message_id": o.Message.ID, "created_at": o.At,
			})
	}
	var at time.Time
	batch.Queue(`
		INSERT INTO runs (id, conversation_id, message_id, status, started_at, deadline_at)
		VALUES (@id, @conversation_id, @message_id, 'running', @started_at, @deadline_at)
		RETURNING now()`,
		pgx.NamedArgs{
			"id": o.RunID, "conversation_id": o.ConversationID, "message_id": o.Message.ID,
			"started_at": o.At, "deadline_at": o.DeadlineAt,
		}).QueryRow(func(row pgx.Row) error { return row.Scan(&at) })
	var stored storedCase
	if o.Question.ConversationID != uuid.Nil {
		stored.queue(batch, o.RunID)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return storedCase{}, time.Time{}, fmt.Errorf("store question: %w", err)
	}
	return stored, at, nil
}

// queueReply adds the reply to a batch, and what language the question is in.
func (s *Store) queueReply(batch *pgx.Batch, end assistant.Conclusion) {
	batch.Queue(`UPDATE messages SET language = @language WHERE id = @id`,
		pgx.NamedArgs{"language": end.Explained.Language, "id": end.Case.Run.MessageID})
	reply := end.Reply
	reply.CreatedAt = end.At
	batch.Queue(insertMessage, s.messageArgs(end.Case.Run.ConversationID, reply))
}

// queueSteps adds the steps of a run to a batch.
func queueSteps(batch *pgx.Batch, end assistant.Conclusion) error {
	var details, stages, statuses []string
	var durations []int64
	for _, step := range end.Steps {
		detail, err := json.Marshal(step.Detail)
		if err != nil {
			return fmt.Errorf("insert steps: %w", err)
		}
		details, stages = append(details, string(detail)), append(stages, string(step.Stage))
		statuses, durations = append(statuses, string(step.Status)), append(durations, step.Duration.Microseconds())
	}
	batch.Queue(`
		INSERT INTO run_steps (run_id, ordinal, stage, status, duration_us, detail)
		SELECT @run_id, ordinal - 1, stage, status, duration_us, detail::jsonb
		FROM unnest(@stages::text[], @statuses::text[], @durations::bigint[], @details::text[])
			WITH ORDINALITY AS s (stage, status, duration_us, detail, ordinal)`,
		pgx.NamedArgs{
			"run_id": end.Case.Run.ID, "details": details, "durations": durations, "stages": stages, "statuses": statuses,
		})
	return nil
}

// queueEnd adds the end of a run to a batch.
func (s *Store) queueEnd(batch *pgx.Batch, end assistant.Conclusion, ticketID *uuid.UUID) {
	e := end.Explained
	shadow := assistant.Shadow{}
	if end.Shadow != nil {
		shadow = *end.Shadow
	}
	batch.Queue(`
		UPDATE runs SET
			status = 'concluded', outcome = @outcome, reasons = @reasons, reply_id = @reply_id, ticket_id = @ticket_id,
			language = @language, intent = @intent, priority = @priority, risks = @risks, confidence = @confidence,
			policy_version = @policy_version, kb_version = @kb_version, prompt_version = @prompt_version,
			model = nullif(@model, ''), embedding_model = nullif(@embedding_model, ''),
			prompt_tokens = @prompt_tokens, completion_tokens = @completion_tokens, concluded_at = @concluded_at,
			shadow_outcome = nullif(@shadow_outcome, ''), shadow_body = nullif(@shadow_body, '')
		WHERE id = @id`,
		pgx.NamedArgs{
			"id":                end.Case.Run.ID,
			"outcome":           end.Decision.Outcome,
			"reasons":           end.Decision.Reasons,
			"reply_id":          end.Reply.ID,
			"ticket_id":         ticketID,
			"language":          e.Language,
			"intent":            e.Triage.Intent,
			"priority":          e.Triage.Priority,
			"risks":             texts(e.Triage.Risks),
			"confidence":        e.Confidence,
			"policy_version":    e.PolicyVersion,
			"kb_version":        e.KBVersion,
			"prompt_version":    e.PromptVersion,
			"model":             e.Model,
			"embedding_model":   e.EmbeddingModel,
			"prompt_tokens":     e.Usage.PromptTokens,
			"completion_tokens": e.Usage.CompletionTokens,
			"concluded_at":      end.At,
			"shadow_outcome":    shadow.Outcome,
			"shadow_body":       s.vault.Seal(shadowBody.at(end.Case.Run.ID.String()), shadow.Body),
		})
}

var _ assistant.Store = (*Store)(nil)
