package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
)

// messageColumns are the columns of messageRow.
const messageColumns = `id, conversation_id, author, agent_id, body, coalesce(language, '') AS language, citations, redactions, created_at`

// AskedConversation returns a conversation to who asks through a widget key. One that another key opened, or that belongs to
// another customer, is not found.
func (s *Store) AskedConversation(ctx context.Context, id uuid.UUID, asker Asker) (assistant.Conversation, error) {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT coalesce(customer_ref, '') FROM conversations WHERE id = @id AND api_key_id = @api_key_id AND erased_at IS NULL`,
			pgx.NamedArgs{"id": id, "api_key_id": asker.APIKeyID})
		if err != nil {
			return fmt.Errorf("look conversation up: %w", err)
		}
		refs, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("look conversation up: %w", err)
		}
		if len(refs) == 0 || !asker.owns(refs[0]) {
			return assistant.Errorf(assistant.CodeNotFound, "conversation not found")
		}
		return useToken(ctx, tx, tokenUse{asker: asker, at: s.clock(), conversationID: id})
	})
	if err != nil {
		return assistant.Conversation{}, err
	}
	return s.Conversation(ctx, id)
}

// Conversation returns a conversation with its messages, for agents, who may read all.
func (s *Store) Conversation(ctx context.Context, id uuid.UUID) (assistant.Conversation, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, channel, coalesce(locale, '') AS locale, coalesce(customer_ref, '') AS customer_ref,
			coalesce(customer_tier, '') AS customer_tier, coalesce(customer_jurisdiction, '') AS customer_jurisdiction
		FROM conversations WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return assistant.Conversation{}, fmt.Errorf("load conversation: %w", err)
	}
	type row struct {
		ID                   uuid.UUID
		Channel              string
		CustomerJurisdiction string
		CustomerRef          string
		CustomerTier         string
		Locale               string
	}
	found, err := collectOne[row](rows, "conversation")
	if err != nil {
		return assistant.Conversation{}, err
	}
	conversation := assistant.Conversation{ID: found.ID, Channel: found.Channel, Locale: found.Locale, Customer: assistant.Customer{
		Jurisdiction: found.CustomerJurisdiction, Ref: found.CustomerRef, Tier: triage.Tier(found.CustomerTier),
	}}
	rows, err = s.pool.Query(ctx,
		`SELECT `+messageColumns+` FROM messages WHERE conversation_id = @id ORDER BY created_at, id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return conversation, fmt.Errorf("load messages: %w", err)
	}
	if conversation.Messages, err = s.collectMessages(ctx, s.pool, rows); err != nil {
		return conversation, err
	}
	conversation.Ticket, err = latestTicket(ctx, s.pool, id)
	return conversation, err
}

// Earlier implements assistant.Store.
func (s *Store) Earlier(ctx context.Context, conversationID uuid.UUID, limit int) ([]assistant.Message, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+messageColumns+` FROM messages
		WHERE conversation_id = @conversation_id AND author = 'customer'
		ORDER BY created_at DESC, id DESC LIMIT @limit`,
		pgx.NamedArgs{"conversation_id": conversationID, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("load earlier messages: %w", err)
	}
	messages, err := s.collectMessages(ctx, s.pool, rows)
	slices.Reverse(messages)
	return messages, err
}

// conversationArgs are the values of a question's conversation.
func conversationArgs(o assistant.Opening) pgx.NamedArgs {
	customer := o.Question.Customer
	return pgx.NamedArgs{
		"id": o.ConversationID, "api_key_id": nullID(o.Question.APIKeyID), "channel": o.Question.Channel,
		"claimed_jurisdiction": o.Question.Jurisdiction, "customer_jurisdiction": customer.Jurisdiction, "customer_ref": customer.Ref,
		"customer_tier": customer.Tier, "locale": o.Question.Locale, "created_at": o.At,
	}
}

// joinConversation checks that a later question may join its conversation.
func joinConversation(ctx context.Context, tx pgx.Tx, o assistant.Opening) error {
	customer, args := o.Question.Customer, conversationArgs(o)
	rows, err := tx.Query(ctx, `
		SELECT coalesce(customer_ref, '') FROM conversations
		WHERE id = @id AND api_key_id IS NOT DISTINCT FROM @api_key_id::uuid AND erased_at IS NULL FOR UPDATE`, args)
	if err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	refs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	if len(refs) == 0 || !(Asker{Customer: customer}).owns(refs[0]) {
		return &assistant.Error{
			Code: assistant.CodeNotFound, Field: "conversation_id",
			Message: "conversation not found: leave conversation_id out to start one",
		}
	}
	// A message that does not say where the customer is leaves what is known.
	_, err = tx.Exec(ctx, `
		UPDATE conversations SET claimed_jurisdiction = @claimed_jurisdiction
		WHERE id = @id AND @claimed_jurisdiction <> '' AND claimed_jurisdiction IS DISTINCT FROM @claimed_jurisdiction`, args)
	if err != nil {
		return fmt.Errorf("note jurisdiction: %w", err)
	}
	if !customer.Known() {
		return nil
	}
	// Who logs in during an anonymous conversation takes it with them; tier and jurisdiction are those of the newest token.
	_, err = tx.Exec(ctx, `
		UPDATE conversations SET customer_ref = @customer_ref, customer_tier = nullif(@customer_tier, ''),
			customer_jurisdiction = nullif(@customer_jurisdiction, '') WHERE id = @id`, args)
	if err != nil {
		return fmt.Errorf("note customer: %w", err)
	}
	return nil
}

// lockErased locks a conversation, and tells whether it is none any more.
const lockErased = `SELECT erased_at IS NOT NULL FROM conversations WHERE id = @id FOR UPDATE`

// lockConversation locks what is still a conversation: one that was erased is an Error with CodeConflict.
func lockConversation(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	rows, err := tx.Query(ctx, lockErased, pgx.NamedArgs{"id": id})
	if err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	return locked(rows)
}

func locked(rows pgx.Rows) error {
	erased, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	if err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	if slices.Contains(erased, true) {
		return errErased()
	}
	return nil
}

// circumstances is what a run needs to know about its conversation.
type circumstances struct {
	Channel      string
	Jurisdiction string // that of the signed token, or else what the caller says
	Locale       string
	Tier         string
}

// selectCircumstances reads them as circumstances.
const selectCircumstances = `
	SELECT channel, coalesce(customer_jurisdiction, claimed_jurisdiction, '') AS jurisdiction, coalesce(locale, '') AS locale,
		coalesce(customer_tier, '') AS tier
	FROM conversations`

func loadCircumstances(ctx context.Context, q querier, id uuid.UUID) (circumstances, error) {
	rows, err := q.Query(ctx, selectCircumstances+` WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return circumstances{}, fmt.Errorf("load conversation: %w", err)
	}
	return collectOne[circumstances](rows, "conversation")
}

func (s *Store) insertMessage(ctx context.Context, tx pgx.Tx, conversationID uuid.UUID, m assistant.Message) error {
	if _, err := tx.Exec(ctx, insertMessage, s.messageArgs(conversationID, m)); err != nil {
		return fmt.Errorf("insert message: %w", err)
	}
	return nil
}

// insertMessage adds a message of the desk, with messageArgs.
const insertMessage = `
	INSERT INTO messages (id, conversation_id, author, agent_id, body, language, citations, created_at)
	VALUES (@id, @conversation_id, @author, @agent_id, @body, nullif(@language, ''), @citations, @created_at)`

func (s *Store) messageArgs(conversationID uuid.UUID, m assistant.Message) pgx.NamedArgs {
	citations := m.Citations
	if citations == nil {
		citations = []assistant.Citation{} // the column holds an array, never null
	}
	return pgx.NamedArgs{
		"id": m.ID, "conversation_id": conversationID, "author": m.Author, "agent_id": m.AgentID,
		"body": s.vault.Seal(messageBody.at(m.ID.String()), m.Body), "language": m.Language, "citations": citations,
		"created_at": m.CreatedAt,
	}
}

// openHistory returns a question and the messages before it, oldest first, of rows that begin with the latest.
func (s *Store) openHistory(ctx context.Context, q querier, rows []messageRow) (assistant.Message, []assistant.Message, error) {
	messages, err := s.openMessages(ctx, q, rows)
	if err != nil {
		return assistant.Message{}, nil, err
	}
	if len(messages) == 0 {
		return assistant.Message{}, nil, assistant.Errorf(assistant.CodeNotFound, "message not found")
	}
	slices.Reverse(messages)
	last := len(messages) - 1
	return messages[last], messages[:last], nil
}

func (s *Store) collectMessages(ctx context.Context, q querier, rows pgx.Rows) ([]assistant.Message, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[messageRow])
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return s.openMessages(ctx, q, found)
}

func (s *Store) openMessages(ctx context.Context, q querier, found []messageRow) ([]assistant.Message, error) {
	messages := make([]assistant.Message, len(found))
	for i, row := range found {
		var err error
		if messages[i], err = s.openMessage(ctx, q, row); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

func (s *Store) openMessage(ctx context.Context, q querier, row messageRow) (assistant.Message, error) {
	var err error
	if row.Body, err = s.vault.Open(ctx, q, messageBody.at(row.ID.String()), row.Body); err != nil {
		return assistant.Message{}, err
	}
	return row.message(), nil
}

// messageRow is a row of messages.
type messageRow struct {
	ID             uuid.UUID
	AgentID        *uuid.UUID
	Author         string
	Body           string
	Citations      []assistant.Citation
	ConversationID uuid.UUID
	CreatedAt      time.Time
	Language       string
	Redactions     []string
}

func (r messageRow) message() assistant.Message {
	return assistant.Message{
		ID: r.ID, AgentID: r.AgentID, Author: assistant.Author(r.Author), Body: r.Body, Citations: r.Citations,
		CreatedAt: r.CreatedAt, Language: r.Language, Redactions: r.Redactions,
	}
}

// nullID maps the zero id to SQL's null.
func nullID(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
