package online

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
)

// CheckStatus is how far a check of an article is.
type CheckStatus string

// The statuses. A broken check says nothing about the article.
const (
	CheckBroken  CheckStatus = "broken"
	CheckFailed  CheckStatus = "failed"
	CheckPassed  CheckStatus = "passed"
	CheckRunning CheckStatus = "running"
	CheckWaiting CheckStatus = "waiting"
)

// Check is a suite that is run on an article as it would be.
type Check struct {
	ID      uuid.UUID
	Article retrieval.Article
	AskedAt time.Time
	Done    int
	EndedAt *time.Time
	Gate    *evals.Gate // of one that passed or failed
	Problem string      // of a broken one
	Status  CheckStatus
	Total   int // cases, before and after
}

// EnqueueFunc stores the job that makes a check, in the transaction that asks for it.
type EnqueueFunc func(ctx context.Context, tx pgx.Tx, id uuid.UUID) error

// AskCheck asks for a check of an article and returns its id.
func (s *Store) AskCheck(ctx context.Context, actor desk.Actor, article retrieval.Article, enqueue EnqueueFunc) (uuid.UUID, error) {
	id := uuid.Must(uuid.NewV7())
	encoded, err := json.Marshal(article) //nolint:musttag // only Check reads it
	if err != nil {
		return id, fmt.Errorf("encode article: %w", err)
	}
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO eval_checks (id, article, asked_at, asked_by) VALUES (@id, @article, @now, @actor)`,
			pgx.NamedArgs{"actor": actor.String(), "article": encoded, "id": id, "now": s.Clock()})
		if err != nil {
			return fmt.Errorf("ask for check: %w", err)
		}
		e := entry(actor, "article.check", nil)
		e.SubjectID, e.SubjectKind = article.Slug, "article"
		if err := s.Audit(ctx, tx, e); err != nil {
			return err
		}
		return enqueue(ctx, tx, id)
	})
	return id, err
}

// Check returns a check, or an Error with CodeNotFound.
func (s *Store) Check(ctx context.Context, id uuid.UUID) (Check, error) {
	rows, err := s.Pool.Query(ctx, `
		SELECT id, article, status, done, total, gate, problem, asked_at, ended_at FROM eval_checks WHERE id = @id`,
		pgx.NamedArgs{"id": id})
	if err != nil {
		return Check{}, fmt.Errorf("read check: %w", err)
	}
	return collectOne[Check](rows, "check")
}

// CheckProgress keeps how many cases are done, of how many.
func (s *Store) CheckProgress(ctx context.Context, id uuid.UUID, done, total int) error {
	_, err := s.Pool.Exec(ctx, `
		UPDATE eval_checks SET status = 'running', done = @done, total = @total WHERE id = @id AND ended_at IS NULL`,
		pgx.NamedArgs{"done": done, "id": id, "total": total})
	if err != nil {
		return fmt.Errorf("keep progress of check: %w", err)
	}
	return nil
}

// EndCheck keeps the decision, or why there is none.
func (s *Store) EndCheck(ctx context.Context, id uuid.UUID, gate *evals.Gate, problem string) error {
	status, encoded := CheckBroken, []byte(nil)
	if gate != nil {
		status = CheckFailed
		if gate.Passed {
			status = CheckPassed
		}
		var err error
		if encoded, err = json.Marshal(gate); err != nil {
			return fmt.Errorf("encode decision: %w", err)
		}
	}
	_, err := s.Pool.Exec(ctx, `
		UPDATE eval_checks SET status = @status, gate = @gate, problem = @problem, ended_at = @now, done = total
		WHERE id = @id AND ended_at IS NULL`,
		pgx.NamedArgs{"gate": encoded, "id": id, "now": s.Clock(), "problem": problem, "status": status})
	if err != nil {
		return fmt.Errorf("end check: %w", err)
	}
	return nil
}
