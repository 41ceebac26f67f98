package online

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
)

// maxNote is the longest note, in characters.
const maxNote = 2000

// Labelling is what a reviewer says of a question.
type Labelling struct {
	Actor desk.Actor
	Label evals.Ending
	Note  string // without secrets
	RunID uuid.UUID
}

// Validate returns an Error that names the field at fault.
func (l Labelling) Validate() error {
	switch {
	case l.Actor.ID == uuid.Nil || !l.Actor.Lead:
		return assistant.Errorf(assistant.CodeForbidden, "reviews are made by leads and admins, under their own name")
	case !slices.Contains(evals.Endings(), l.Label):
		return invalid("label", "label takes "+names(evals.Endings()))
	case utf8.RuneCountInString(l.Note) > maxNote || strings.ContainsRune(l.Note, 0):
		return invalid("note", fmt.Sprintf("note must have at most %d characters", maxNote))
	}
	return nil
}

func names(labels []evals.Ending) string {
	texts := make([]string, len(labels))
	for i, label := range labels {
		texts[i] = string(label)
	}
	return strings.Join(texts, ", ")
}

// Label keeps a label. Two people label a question without seeing each other's; where they differ, a third one decides. Until
// somebody else has labelled too, who has may change their mind.
func (s *Store) Label(ctx context.Context, l Labelling) (Review, error) {
	if err := l.Validate(); err != nil {
		return Review{}, err
	}
	review, err := s.Review(ctx, l.RunID, l.Actor.ID)
	if err != nil {
		return review, err
	}
	if !slices.Contains(review.Choices(), l.Label) {
		return review, invalid("label", "label takes "+names(review.Choices())+": the question ended as "+string(review.Outcome))
	}
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		ordinal, err := putLabel(ctx, tx, s.labelArgs(l))
		if err != nil {
			return err
		}
		// Not which label: who reads the audit log may still have to label the same question.
		e := entry(l.Actor, "review.label", map[string]any{"ordinal": ordinal})
		e.SubjectID, e.SubjectKind = l.RunID.String(), "run"
		return s.Audit(ctx, tx, e)
	})
	switch {
	case violated(err, "eval_labels_final_check"):
		return review, assistant.Errorf(assistant.CodeConflict, "another has labelled this question since: your label stays as it is")
	case violated(err, "eval_labels_disagreement_check"), violated(err, "eval_labels_ordinal_check"):
		return review, assistant.Errorf(assistant.CodeConflict, "this question is settled: there is nothing to decide")
	case err != nil:
		return review, err
	}
	return s.Review(ctx, l.RunID, l.Actor.ID)
}

func (s *Store) labelArgs(l Labelling) pgx.NamedArgs {
	note := s.Vault.Seal(postgres.AtLabelNote(l.RunID, l.Actor.ID), strings.TrimSpace(l.Note))
	return pgx.NamedArgs{"label": l.Label, "note": note, "now": s.Clock(), "reviewer": l.Actor.ID, "run": l.RunID}
}

// putLabel adds or changes a label and returns its ordinal. The lock keeps two people from taking the same one.
func putLabel(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (ordinal int, err error) {
	if _, err := tx.Exec(ctx, `SELECT FROM eval_reviews WHERE run_id = @run FOR UPDATE`, args); err != nil {
		return 0, fmt.Errorf("lock review: %w", err)
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO eval_labels (run_id, reviewer_id, ordinal, label, note, labelled_at)
		SELECT @run, @reviewer, coalesce((SELECT l.ordinal FROM eval_labels l WHERE l.run_id = @run AND l.reviewer_id = @reviewer),
			1 + (SELECT count(*) FROM eval_labels l WHERE l.run_id = @run)), @label, @note, @now
		ON CONFLICT ON CONSTRAINT eval_labels_pkey DO UPDATE SET label = EXCLUDED.label, note = EXCLUDED.note,
			labelled_at = EXCLUDED.labelled_at
		RETURNING ordinal`, args).Scan(&ordinal)
	if err != nil {
		return 0, fmt.Errorf("put label: %w", err)
	}
	return ordinal, nil
}

// Quality is what reviews say of live traffic. Every question has the same chance to be drawn, so the shares are those of the traffic.
type Quality struct {
	Agreement evals.Agreement              `json:"agreement"`
	Labels    map[evals.Ending]evals.Share `json:"labels"` // of the settled questions
	Progress  Progress                     `json:"progress"`
}

// Quality returns what the reviews of a sample say, of all for 0.
func (s *Store) Quality(ctx context.Context, sampleID int64, reviewer uuid.UUID) (Quality, error) {
	q := Quality{}
	var err error
	if q.Progress, err = s.Progress(ctx, sampleID, reviewer); err != nil {
		return q, err
	}
	rows, err := s.Pool.Query(ctx, `
		SELECT array_agg(l.label ORDER BY l.ordinal) FROM eval_labels l JOIN eval_reviews v ON v.run_id = l.run_id
		WHERE @sample = 0 OR v.sample_id = @sample GROUP BY l.run_id HAVING count(*) > 1 ORDER BY l.run_id`,
		pgx.NamedArgs{"sample": sampleID})
	if err != nil {
		return q, fmt.Errorf("read labels: %w", err)
	}
	given, err := pgx.CollectRows(rows, pgx.RowTo[[]evals.Ending])
	if err != nil {
		return q, fmt.Errorf("read labels: %w", err)
	}
	var pairs []evals.Opinions
	var settled []evals.Ending
	for _, labels := range given {
		pairs = append(pairs, evals.Opinions{labels[0], labels[1]})
		if len(labels) == 3 || labels[0] == labels[1] {
			settled = append(settled, labels[len(labels)-1])
		}
	}
	q.Agreement, q.Labels = evals.Agree(pairs), evals.LabelShares(settled)
	return q, nil
}

// Settled returns the questions of a sample on whose label two people agree or a third one has decided, of all for 0.
func (s *Store) Settled(ctx context.Context, sampleID int64) ([]evals.Reviewed, error) {
	var settled []evals.Reviewed
	filter := ReviewFilter{Limit: settledPage, SampleID: sampleID, Status: ReviewSettled}
	for {
		reviews, err := s.Reviews(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, r := range reviews {
			settled = append(settled, r.reviewed())
		}
		if len(reviews) < settledPage {
			return settled, nil
		}
		filter.After = reviews[len(reviews)-1].Place
	}
}

// settledPage is how many reviews are read at once.
const settledPage = 500

func (r Review) reviewed() evals.Reviewed {
	reviewed := evals.Reviewed{
		Articles: r.Articles, Channel: r.Channel, Label: r.Labels[len(r.Labels)-1].Label, Language: r.Language, Outcome: r.Outcome,
		RunID: r.RunID.String(),
	}
	for _, turn := range r.Turns {
		if turn.Author == assistant.AuthorCustomer {
			reviewed.Question = append(reviewed.Question, turn.Body)
		}
	}
	return reviewed
}
