package online

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
)

// Difference is a question that would have ended otherwise.
type Difference struct {
	Articles   []string // slugs that the candidate cites
	AskedAt    time.Time
	Body       string            // what the candidate would have said; empty for a hand-off
	Candidate  assistant.Outcome // empty when it failed
	Confidence float64
	Desk       assistant.Outcome
	Language   string
	Question   string // redacted, as everything that is stored
	Reasons    []string
	Reply      string // what the desk said
	RunID      uuid.UUID
}

// deskOutcome is SQL for what the desk did with a run r, or would have done while it only tries the assistant out.
const deskOutcome = `coalesce(r.shadow_outcome, r.outcome)`

// Candidates returns the names of all candidates, the one that was asked last first.
func (s *Store) Candidates(ctx context.Context) ([]string, error) {
	rows, err := s.Pool.Query(ctx, `SELECT candidate FROM eval_shadows GROUP BY candidate ORDER BY max(asked_at) DESC, candidate`)
	if err != nil {
		return nil, fmt.Errorf("list candidates: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list candidates: %w", err)
	}
	return names, nil
}

// ShadowReport returns what a candidate would have done, or an Error with CodeNotFound when it was asked nothing.
func (s *Store) ShadowReport(ctx context.Context, candidate string) (evals.ShadowReport, error) {
	rows, err := s.Pool.Query(ctx, `
		SELECT coalesce(x.outcome, '') AS candidate, x.completion_tokens, x.cost_usd, `+deskOutcome+` AS desk, x.duration_ms AS millis,
			x.prompt_tokens, coalesce((
				SELECT CASE WHEN count(*) = 3 OR count(*) = 2 AND count(DISTINCT l.label) = 1
					THEN max(l.label) FILTER (WHERE l.ordinal = k.last) END
				FROM eval_labels l, (SELECT max(ordinal) AS last FROM eval_labels WHERE run_id = x.run_id) k
				WHERE l.run_id = x.run_id), '') AS label
		FROM eval_shadows x JOIN runs r ON r.id = x.run_id WHERE x.candidate = @candidate`, pgx.NamedArgs{"candidate": candidate})
	if err != nil {
		return evals.ShadowReport{}, fmt.Errorf("read what the candidate said: %w", err)
	}
	shadowed, err := pgx.CollectRows(rows, pgx.RowToStructByName[evals.Shadowed])
	if err != nil {
		return evals.ShadowReport{}, fmt.Errorf("read what the candidate said: %w", err)
	}
	if len(shadowed) == 0 {
		return evals.ShadowReport{}, assistant.Errorf(assistant.CodeNotFound, "candidate not found: it was asked nothing yet")
	}
	return evals.NewShadowReport(candidate, shadowed), nil
}

// Differences returns the latest questions that would have ended otherwise, at most limit.
func (s *Store) Differences(ctx context.Context, candidate string, limit int) ([]Difference, error) {
	rows, err := s.Pool.Query(ctx, `
		SELECT x.articles, x.asked_at, x.body, coalesce(x.outcome, '') AS candidate, x.confidence, `+deskOutcome+` AS desk, x.language,
			q.body AS question, q.id AS question_id, x.reasons, coalesce(r.shadow_body, a.body) AS reply,
			CASE WHEN r.shadow_body IS NULL THEN a.id END AS reply_id, x.run_id
		FROM eval_shadows x JOIN runs r ON r.id = x.run_id JOIN messages q ON q.id = r.message_id JOIN messages a ON a.id = r.reply_id
			JOIN conversations c ON c.id = r.conversation_id AND c.erased_at IS NULL
		WHERE x.candidate = @candidate AND x.outcome IS DISTINCT FROM `+deskOutcome+`
		ORDER BY x.asked_at DESC, x.run_id LIMIT @limit`, pgx.NamedArgs{"candidate": candidate, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list differences: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[differenceRow])
	if err != nil {
		return nil, fmt.Errorf("list differences: %w", err)
	}
	differences := make([]Difference, len(found))
	for i, row := range found {
		if differences[i], err = s.openDifference(ctx, candidate, row); err != nil {
			return nil, err
		}
	}
	return differences, nil
}

// differenceRow is a Difference as it is stored.
type differenceRow struct {
	Difference

	QuestionID uuid.UUID
	ReplyID    *uuid.UUID // nil where the desk only tried the assistant out
}

func (s *Store) openDifference(ctx context.Context, candidate string, row differenceRow) (Difference, error) {
	d := row.Difference
	reply := postgres.AtShadow(row.RunID)
	if row.ReplyID != nil {
		reply = postgres.AtMessage(*row.ReplyID)
	}
	var err error
	if d.Body, err = s.Vault.Open(ctx, s.Pool, postgres.AtCandidate(candidate, row.RunID), row.Body); err != nil {
		return d, err
	}
	if d.Question, err = s.Vault.Open(ctx, s.Pool, postgres.AtMessage(row.QuestionID), row.Question); err != nil {
		return d, err
	}
	d.Reply, err = s.Vault.Open(ctx, s.Pool, reply, row.Reply)
	return d, err
}
