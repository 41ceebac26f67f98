package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// Feedback is what a customer thinks of a reply, or of the conversation as a whole.
type Feedback struct {
	Comment        string // redacted; empty for none
	ConversationID uuid.UUID
	MessageID      *uuid.UUID // nil for the whole conversation
	Rating         int        // 1 to 5
}

// AddFeedback keeps a customer's opinion; a second one on the same subject replaces the first. The same one again changes
// nothing.
func (s *Store) AddFeedback(ctx context.Context, f Feedback) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		at := s.clock()
		comment, err := s.sealComment(ctx, tx, f)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			WITH subject AS (
				SELECT WHERE @message_id::uuid IS NULL
				   OR EXISTS (SELECT FROM messages WHERE id = @message_id AND conversation_id = @conversation_id)
			), kept AS (
				INSERT INTO feedback (conversation_id, message_id, rating, comment, created_at)
				SELECT @conversation_id, @message_id, @rating, nullif(@comment, ''), @created_at FROM subject
				ON CONFLICT (conversation_id, coalesce(message_id, conversation_id))
				DO UPDATE SET rating = excluded.rating, comment = excluded.comment, created_at = excluded.created_at
				WHERE (feedback.rating, feedback.comment) IS DISTINCT FROM (excluded.rating, excluded.comment)
				RETURNING id
			)
			SELECT EXISTS (SELECT FROM subject) AS found, EXISTS (SELECT FROM kept) AS changed`,
			pgx.NamedArgs{
				"conversation_id": f.ConversationID, "message_id": f.MessageID, "rating": f.Rating,
				"comment": comment, "created_at": at,
			})
		if err != nil {
			return fmt.Errorf("add feedback: %w", err)
		}
		kept, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct{ Changed, Found bool }])
		switch {
		case err != nil:
			return fmt.Errorf("add feedback: %w", err)
		case !kept.Found:
			return assistant.Errorf(assistant.CodeNotFound, "message not found in this conversation")
		case !kept.Changed:
			return nil
		}
		if err := s.confirmResolution(ctx, tx, f, at); err != nil {
			return err
		}
		return s.emit(ctx, tx, webhook.Event{Type: webhook.FeedbackRecorded, CreatedAt: at, Data: webhook.Feedback{
			ConversationID: f.ConversationID, MessageID: f.MessageID, Rating: f.Rating,
		}})
	})
	if violated(err, "feedback_conversation_id_fkey") || violated(err, notErased) {
		return assistant.Errorf(assistant.CodeNotFound, "conversation not found")
	}
	return err
}

// Feedback returns what the customer of a conversation thinks of it and of the messages in it.
func (s *Store) Feedback(ctx context.Context, conversationID uuid.UUID) ([]Feedback, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT coalesce(comment, '') AS comment, conversation_id, message_id, rating
		FROM feedback WHERE conversation_id = @conversation_id ORDER BY id`, pgx.NamedArgs{"conversation_id": conversationID})
	if err != nil {
		return nil, fmt.Errorf("load feedback: %w", err)
	}
	feedback, err := pgx.CollectRows(rows, pgx.RowToStructByName[Feedback])
	if err != nil {
		return nil, fmt.Errorf("load feedback: %w", err)
	}
	for i, f := range feedback {
		if feedback[i].Comment, err = s.vault.Open(ctx, s.pool, f.spot(), f.Comment); err != nil {
			return nil, err
		}
	}
	return feedback, nil
}

// Spot is where the comment stands.
func (f Feedback) spot() Spot {
	message := ""
	if f.MessageID != nil {
		message = f.MessageID.String()
	}
	return feedbackComment.at(f.ConversationID.String(), message)
}

// sealComment returns what is stored for a comment. The same comment as before is the same text as before: sealed anew, it would
// look like another.
func (s *Store) sealComment(ctx context.Context, tx pgx.Tx, f Feedback) (string, error) {
	rows, err := tx.Query(ctx, `
		SELECT coalesce(comment, '') FROM feedback
		WHERE conversation_id = @conversation_id AND message_id IS NOT DISTINCT FROM @message_id::uuid`,
		pgx.NamedArgs{"conversation_id": f.ConversationID, "message_id": f.MessageID})
	if err != nil {
		return "", fmt.Errorf("load feedback: %w", err)
	}
	stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("load feedback: %w", err)
	}
	for _, before := range stored {
		if same, err := s.vault.Open(ctx, tx, f.spot(), before); err == nil && same == f.Comment {
			return before, nil
		}
	}
	return s.vault.Seal(f.spot(), f.Comment), nil
}
