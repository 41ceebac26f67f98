package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"

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
	c, err := s.beginRun(ctx, o)
	if violated(err, "idempotency_keys_pkey") || violated(err, "messages_client_id_key") {
		// Another request with the same key was faster: its message is there now.
		c, _, err = s.repeated(ctx, o)
	}
	if err != nil {
		return assistant.Case{}, err
	}
	return c, nil
}

// beginRun stores a question and returns its case. The first one of somebody unknown is one statement, which is a transaction.
func (s *Store) beginRun(ctx context.Context, o assistant.Opening) (assistant.Case, error) {
	c, isFirst := firstCase(o), o.Question.ConversationID == uuid.Nil
	if isFirst && !o.Question.Customer.Known() {
		_, err := s.insertQuestion(ctx, s.pool, o)
		return c, err
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if !isFirst {
			if err := joinConversation(ctx, tx, o); err != nil {
				return err
			}
		}
		stored, err := s.insertQuestion(ctx, tx, o)
		if err != nil {
			return err
		}
		asker := Asker{APIKeyID: o.Question.APIKeyID, Customer: o.Question.Customer}
		if err := useToken(ctx, tx, tokenUse{asker: asker, at: o.At, conversationID: o.ConversationID}); err != nil {
			return err
		}
		if !isFirst {
			c, err = s.openCase(ctx, tx, stored)
		}
		return err
	})
	return c, err
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

// insertQuestion stores a question, in one round trip with what reads the case of one that does not begin its conversation.
func (s *Store) insertQuestion(ctx context.Context, q querier, o assistant.Opening) (storedCase, error) {
	batch := &pgx.Batch{}
	for id, body := range o.Rewritten {
		batch.Queue(`UPDATE messages SET body = @body WHERE id = @id AND conversation_id = @conversation_id`,
			pgx.NamedArgs{"body": s.vault.Seal(messageBody.at(id.String()), body), "id": id, "conversation_id": o.ConversationID})
	}
	args := conversationArgs(o)
	maps.Copy(args, pgx.NamedArgs{
		"body": s.vault.Seal(messageBody.at(o.Message.ID.String()), o.Message.Body), "client_id": o.Question.ClientID,
		"deadline_at": o.DeadlineAt, "first": o.Question.ConversationID == uuid.Nil, "key": o.Question.IdempotencyKey,
		"message_id": o.Message.ID, "recover_after": o.RecoverAfter, "redactions": o.Message.Redactions,
		"request_hash": o.RequestHash[:], "run_id": o.RunID,
	})
	batch.Queue(insertQuestion, args)
	var stored storedCase
	if o.Question.ConversationID != uuid.Nil {
		stored.queue(batch, o.RunID)
	}
	if err := q.SendBatch(ctx, batch).Close(); err != nil {
		return storedCase{}, fmt.Errorf("store question: %w", err)
	}
	return stored, nil
}

// insertQuestion adds a question with its run, and with its conversation when it begins one. When the run counts as abandoned is by the
// database's clock, as is who looks for it: by that of a program that is an hour ahead, and dies, a customer would wait for an hour.
const insertQuestion = `
	WITH conversation AS (
		INSERT INTO conversations (id, api_key_id, channel, locale, created_at, customer_ref, customer_tier,
			customer_jurisdiction, claimed_jurisdiction)
		SELECT @id, @api_key_id, @channel, nullif(@locale, ''), @created_at, nullif(@customer_ref, ''), nullif(@customer_tier, ''),
			nullif(@customer_jurisdiction, ''), nullif(@claimed_jurisdiction, '')
		WHERE @first
	), question AS (
		INSERT INTO messages (id, conversation_id, author, body, redactions, client_id, request_hash, created_at)
		VALUES (@message_id, @id, 'customer', @body, @redactions, nullif(@client_id, ''), @request_hash, @created_at)
	), key AS (
		INSERT INTO idempotency_keys (api_key_id, key, message_id, created_at)
		SELECT @api_key_id, @key, @message_id, @created_at WHERE @key <> ''
	)
	INSERT INTO runs (id, conversation_id, message_id, status, started_at, deadline_at, rescue_at)
	VALUES (@run_id, @id, @message_id, 'running', @created_at, @deadline_at, now() + @recover_after::interval)`

var _ assistant.Store = (*Store)(nil)
