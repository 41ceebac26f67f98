package postgres

import (
	"context"
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
		if err := openConversation(ctx, tx, o); err != nil {
			return err
		}
		stored, err := s.insertQuestion(ctx, tx, o)
		if err != nil {
			return err
		}
		// Workers go by the database's clock. By that of a program that is an hour ahead, and dies, a customer would wait for an hour.
		rescue := assistant.Job{At: stored.Add(o.RecoverAfter), Kind: assistant.JobRecover, RunID: o.RunID}
		if err := s.enqueue(ctx, tx, rescue); err != nil {
			return fmt.Errorf("enqueue recovery: %w", err)
		}
		c, err = s.loadCase(ctx, tx, o.RunID)
		return err
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
		var err error
		// The conversation's row is the lock under which its messages, runs and tickets change.
		if err = lockConversation(ctx, tx, end.Case.Run.ConversationID); err != nil {
			return err
		}
		if run, err = s.loadRun(ctx, tx, end.Case.Run.ID); err != nil || run.Concluded() {
			return err
		}
		open, err := s.conclude(ctx, tx, end)
		if err != nil {
			return err
		}
		if run, err = s.loadRun(ctx, tx, end.Case.Run.ID); err != nil {
			return err
		}
		return s.emitConcluded(ctx, tx, run, open)
	})
	if err != nil {
		return assistant.Run{}, err
	}
	return run, nil
}

// conclude returns the ticket that was open before.
func (s *Store) conclude(ctx context.Context, tx pgx.Tx, end assistant.Conclusion) (*assistant.Ticket, error) {
	ticket, err := unresolvedTicket(ctx, tx, end.Case.Run.ConversationID)
	if err != nil {
		return nil, err
	}
	if end.Decision.Outcome != assistant.OutcomeHandedOff && ticket != nil && ticket.Held() {
		return nil, assistant.Errorf(assistant.CodeConflict, "a person has taken the conversation over")
	}
	if err := s.insertReply(ctx, tx, end); err != nil {
		return nil, err
	}
	var ticketID *uuid.UUID
	if end.Decision.Outcome == assistant.OutcomeHandedOff {
		id, err := s.handOff(ctx, tx, ticket, end)
		if err != nil {
			return nil, err
		}
		ticketID = &id
		if err := s.registerAtOnce(ctx, tx, id, end); err != nil {
			return nil, err
		}
	} else if err := s.noteRecontact(ctx, tx, ticket, end); err != nil {
		return nil, err
	}
	if err := s.updateRun(ctx, tx, end, ticketID); err != nil {
		return nil, err
	}
	if err := insertSteps(ctx, tx, end); err != nil {
		return nil, err
	}
	return ticket, s.keepProposal(ctx, tx, end, ticketID)
}

// keepProposal stores the draft that goes to the agents, or asks for one where the pipeline made none.
func (s *Store) keepProposal(ctx context.Context, tx pgx.Tx, end assistant.Conclusion, ticketID *uuid.UUID) error {
	switch {
	case ticketID == nil || end.Draftless:
		return nil
	case end.Proposal != nil:
		return s.insertDraft(ctx, tx, draftRow{At: end.At, Proposal: *end.Proposal, RunID: end.Case.Run.ID, TicketID: *ticketID})
	}
	if err := s.enqueue(ctx, tx, assistant.Job{At: end.At, Kind: assistant.JobDraft, RunID: end.Case.Run.ID}); err != nil {
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

// insertQuestion returns the time by the database's clock.
func (s *Store) insertQuestion(ctx context.Context, tx pgx.Tx, o assistant.Opening) (time.Time, error) {
	for id, body := range o.Rewritten {
		_, err := tx.Exec(ctx, `UPDATE messages SET body = @body WHERE id = @id AND conversation_id = @conversation_id`,
			pgx.NamedArgs{"body": s.vault.Seal(messageBody.at(id.String()), body), "id": id, "conversation_id": o.ConversationID})
		if err != nil {
			return time.Time{}, fmt.Errorf("rewrite message: %w", err)
		}
	}
	_, err := tx.Exec(ctx, `
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
	if err != nil {
		return time.Time{}, fmt.Errorf("insert message: %w", err)
	}
	if o.Question.IdempotencyKey != "" {
		_, err := tx.Exec(ctx, `
			INSERT INTO idempotency_keys (api_key_id, key, message_id, created_at)
			VALUES (@api_key_id, @key, @message_id, @created_at)`,
			pgx.NamedArgs{
				"api_key_id": o.Question.APIKeyID, "key": o.Question.IdempotencyKey, "message_id": o.Message.ID, "created_at": o.At,
			})
		if err != nil {
			return time.Time{}, fmt.Errorf("insert idempotency key: %w", err)
		}
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO runs (id, conversation_id, message_id, status, started_at, deadline_at)
		VALUES (@id, @conversation_id, @message_id, 'running', @started_at, @deadline_at)
		RETURNING now()`,
		pgx.NamedArgs{
			"id": o.RunID, "conversation_id": o.ConversationID, "message_id": o.Message.ID,
			"started_at": o.At, "deadline_at": o.DeadlineAt,
		})
	if err != nil {
		return time.Time{}, fmt.Errorf("insert run: %w", err)
	}
	stored, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
	if err != nil {
		return time.Time{}, fmt.Errorf("insert run: %w", err)
	}
	return stored, nil
}

func (s *Store) insertReply(ctx context.Context, tx pgx.Tx, end assistant.Conclusion) error {
	_, err := tx.Exec(ctx, `UPDATE messages SET language = @language WHERE id = @id`,
		pgx.NamedArgs{"language": end.Explained.Language, "id": end.Case.Run.MessageID})
	if err != nil {
		return fmt.Errorf("note language: %w", err)
	}
	reply := end.Reply
	reply.CreatedAt = end.At
	return s.insertMessage(ctx, tx, end.Case.Run.ConversationID, reply)
}

func insertSteps(ctx context.Context, tx pgx.Tx, end assistant.Conclusion) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"run_steps"},
		[]string{"run_id", "ordinal", "stage", "status", "duration_us", "detail"},
		pgx.CopyFromSlice(len(end.Steps), func(i int) ([]any, error) {
			step := end.Steps[i]
			return []any{end.Case.Run.ID, i, string(step.Stage), string(step.Status), step.Duration.Microseconds(), step.Detail}, nil
		}))
	if err != nil {
		return fmt.Errorf("insert steps: %w", err)
	}
	return nil
}

func (s *Store) updateRun(ctx context.Context, tx pgx.Tx, end assistant.Conclusion, ticketID *uuid.UUID) error {
	e := end.Explained
	shadow := assistant.Shadow{}
	if end.Shadow != nil {
		shadow = *end.Shadow
	}
	_, err := tx.Exec(ctx, `
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
	if err != nil {
		return fmt.Errorf("update run: %w", err)
	}
	return nil
}

var _ assistant.Store = (*Store)(nil)
