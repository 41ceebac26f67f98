package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// solvedLooked is how many solved cases of an intent are compared with a case: the newest.
const solvedLooked = 200

// solvedLatest are the joins that find what a ticket was about and what solved it: the customer's last words before the ticket
// was opened, and the last reply of an agent since then.
const solvedLatest = `
	JOIN conversations c ON c.id = t.conversation_id AND c.erased_at IS NULL
	JOIN LATERAL (
		SELECT m.id, m.body FROM messages m
		WHERE m.conversation_id = t.conversation_id AND m.author = 'customer' AND m.created_at <= t.created_at
		ORDER BY m.created_at DESC, m.id DESC LIMIT 1) q ON true`

// OpeningQuestion returns what the customer wrote when a ticket was opened; empty when there is nothing of it.
func (s *Store) OpeningQuestion(ctx context.Context, t assistant.Ticket) (string, error) {
	rows, err := s.pool.Query(ctx, `SELECT q.id, q.body FROM tickets t `+solvedLatest+` WHERE t.id = @id`, pgx.NamedArgs{"id": t.ID})
	if err != nil {
		return "", fmt.Errorf("load opening question: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[storedText])
	if err != nil || len(found) == 0 {
		return "", err
	}
	return s.openText(ctx, found[0])
}

// storedText is the body of a message as it is stored.
type storedText struct {
	ID   uuid.UUID
	Body string
}

func (s *Store) openText(ctx context.Context, t storedText) (string, error) {
	return s.vault.Open(ctx, s.pool, messageBody.at(t.ID.String()), t.Body)
}

// solvedRow is a solved case as it is stored.
type solvedRow struct {
	desk.SolvedCase

	QuestionID uuid.UUID
	ReplyID    uuid.UUID
}

// Solved returns the newest solved cases with the intent of a ticket, without the ticket itself, and without those that ended
// in silence or in another ticket: nothing is known of their replies.
func (s *Store) Solved(ctx context.Context, t assistant.Ticket) ([]desk.SolvedCase, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT t.id AS ticket_id, t.number, t.language, t.resolved_at, q.body AS question, r.body AS reply,
			q.id AS question_id, r.id AS reply_id
		FROM tickets t `+solvedLatest+`
		JOIN LATERAL (
			SELECT m.id, m.body FROM messages m
			WHERE m.conversation_id = t.conversation_id AND m.author = 'agent' AND m.created_at >= t.created_at
			ORDER BY m.created_at DESC, m.id DESC LIMIT 1) r ON true
		WHERE t.status = 'resolved' AND t.intent = @intent AND t.id <> @id AND coalesce(t.outcome, '') IN ('', 'assumed', 'confirmed')
		ORDER BY t.resolved_at DESC LIMIT @limit`,
		pgx.NamedArgs{"id": t.ID, "intent": t.Intent, "limit": solvedLooked})
	if err != nil {
		return nil, fmt.Errorf("list solved cases: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[solvedRow])
	if err != nil {
		return nil, fmt.Errorf("list solved cases: %w", err)
	}
	cases := make([]desk.SolvedCase, len(found))
	for i, row := range found {
		cases[i] = row.SolvedCase
		if cases[i].Question, err = s.openText(ctx, storedText{ID: row.QuestionID, Body: row.Question}); err != nil {
			return nil, err
		}
		if cases[i].Reply, err = s.openText(ctx, storedText{ID: row.ReplyID, Body: row.Reply}); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

// LatestRun returns the latest run of a conversation that has ended, or an Error with CodeNotFound.
func (s *Store) LatestRun(ctx context.Context, conversationID uuid.UUID) (uuid.UUID, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id FROM runs WHERE conversation_id = @id AND status = 'concluded' ORDER BY started_at DESC, id DESC LIMIT 1`,
		pgx.NamedArgs{"id": conversationID})
	if err != nil {
		return uuid.Nil, fmt.Errorf("load latest run: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	switch {
	case err != nil:
		return uuid.Nil, fmt.Errorf("load latest run: %w", err)
	case len(ids) == 0:
		return uuid.Nil, assistant.Errorf(assistant.CodeNotFound, "the customer has asked nothing yet")
	}
	return ids[0], nil
}

// RecentQuestions returns what customers asked lately, each text once, the latest first.
func (s *Store) RecentQuestions(ctx context.Context, limit int) ([]desk.AskedQuestion, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT m.id, m.body, coalesce(m.language, '') AS language FROM messages m
		WHERE m.author = 'customer' ORDER BY m.created_at DESC, m.id DESC LIMIT @looked`, pgx.NamedArgs{"looked": 4 * limit})
	if err != nil {
		return nil, fmt.Errorf("list recent questions: %w", err)
	}
	type row struct {
		desk.AskedQuestion

		ID uuid.UUID
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("list recent questions: %w", err)
	}
	var asked []desk.AskedQuestion
	seen := make(map[string]bool, len(found)) // here: two sealed texts never look equal to the database
	for _, question := range found {
		if question.Body, err = s.openText(ctx, storedText{ID: question.ID, Body: question.Body}); err != nil {
			return nil, err
		}
		if !seen[question.Body] && len(asked) < limit {
			seen[question.Body] = true
			asked = append(asked, question.AskedQuestion)
		}
	}
	return asked, nil
}
