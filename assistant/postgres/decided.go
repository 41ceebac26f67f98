package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
)

// DecidedDraft is what agents did with a draft, and the conversation that it answered.
type DecidedDraft struct {
	Citations  []assistant.Citation
	DecidedAt  time.Time
	Fate       string // accepted, edited or rejected
	Intent     string
	Language   string
	Priority   string
	Question   []string // the customer's messages up to the one that the draft answers, oldest first
	RejectCode string
	RunID      uuid.UUID
}

// DecidedDrafts returns the drafts that were decided at or after a time, oldest first, at most limit.
func (s *Store) DecidedDrafts(ctx context.Context, since time.Time, limit int) ([]DecidedDraft, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT d.citations, d.decided_at, d.fate, coalesce(r.intent, '') AS intent, coalesce(r.language, '') AS language,
			coalesce(r.priority, '') AS priority, coalesce(d.reject_code, '') AS reject_code, r.id AS run_id,
			(SELECT array_agg(m.id::text ORDER BY m.created_at, m.id) FROM messages m
			 WHERE m.conversation_id = r.conversation_id AND m.author = 'customer'
			   AND (m.created_at, m.id) <= (q.created_at, q.id)) AS question_ids,
			(SELECT array_agg(m.body ORDER BY m.created_at, m.id) FROM messages m
			 WHERE m.conversation_id = r.conversation_id AND m.author = 'customer'
			   AND (m.created_at, m.id) <= (q.created_at, q.id)) AS question
		FROM drafts d JOIN runs r ON r.id = d.run_id JOIN messages q ON q.id = r.message_id
			JOIN conversations c ON c.id = r.conversation_id AND c.erased_at IS NULL
		WHERE d.decided_at >= @since ORDER BY d.decided_at, d.id LIMIT @limit`,
		pgx.NamedArgs{"since": since, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list decided drafts: %w", err)
	}
	type row struct {
		DecidedDraft

		QuestionIDs []string `db:"question_ids"`
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("list decided drafts: %w", err)
	}
	drafts := make([]DecidedDraft, len(found))
	for i, row := range found {
		drafts[i] = row.DecidedDraft
		for j, id := range row.QuestionIDs {
			if drafts[i].Question[j], err = s.vault.Open(ctx, s.pool, messageBody.at(id), row.Question[j]); err != nil {
				return nil, err
			}
		}
	}
	return drafts, nil
}
