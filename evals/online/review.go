package online

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
)

// ReviewStatus is how far a review is.
type ReviewStatus string

// The statuses.
const (
	ReviewDisputed ReviewStatus = "disputed" // two people differ: a third decides
	ReviewOpen     ReviewStatus = "open"     // fewer than two have labelled it
	ReviewSettled  ReviewStatus = "settled"
)

// Label is what somebody says of a question.
type Label struct {
	Label      evals.Ending `json:"label"`
	LabelledAt time.Time    `json:"labelled_at"`
	Note       string       `json:"note"`
	Ordinal    int          `json:"ordinal"` // 1 and 2 without knowing of each other, 3 decides
	ReviewerID uuid.UUID    `json:"reviewer_id"`
}

// Turn is a message of a conversation.
type Turn struct {
	Author assistant.Author `json:"author"`
	Body   string           `json:"body"`
}

// Review is a question that was drawn, as one reviewer sees it.
type Review struct {
	Articles   []string // slugs that the reply cites
	AskedAt    time.Time
	Channel    string
	Confidence float64
	Draft      string // that was made for the agents, if any
	Intent     string
	Labelled   int     // how many have labelled it
	Labels     []Label // those that the reviewer may see
	Language   string
	Mine       bool // whether the reviewer has labelled it
	Outcome    assistant.Outcome
	Place      int64 // in the order of looking
	Reasons    []string
	RunID      uuid.UUID
	SampleID   int64
	Status     ReviewStatus
	Stratum    string
	Turns      []Turn // up to the reply, oldest first
}

// Choices are the labels that fit the question.
func (r Review) Choices() []evals.Ending {
	if r.Outcome == assistant.OutcomeHandedOff {
		return evals.HandOffLabels()
	}
	return evals.ReplyLabels()
}

// Masked returns the review with what customers wrote masked.
func (r Review) Masked(mask func(string) string) Review {
	r.Turns = slices.Clone(r.Turns)
	for i, turn := range r.Turns {
		if turn.Author == assistant.AuthorCustomer {
			r.Turns[i].Body = mask(turn.Body)
		}
	}
	return r
}

// reviewRow is a review with all its labels, as it is stored.
type reviewRow struct {
	Articles   []string
	AskedAt    time.Time
	Channel    string
	Confidence float64
	Draft      string
	DraftID    *uuid.UUID
	Intent     string
	Labels     []Label
	Language   string
	Outcome    assistant.Outcome
	Place      int64
	Reasons    []string
	RunID      uuid.UUID
	SampleID   int64
	Stratum    string
	Turns      []storedTurn
}

// storedTurn is a Turn as it is stored.
type storedTurn struct {
	Turn

	ID uuid.UUID `json:"id"`
}

// seenBy hides labels from who could still be led by them: nobody sees a label before there are two that differ, or their own.
func (r reviewRow) seenBy(reviewer uuid.UUID) Review {
	review := Review{
		Articles: r.Articles, AskedAt: r.AskedAt, Channel: r.Channel, Confidence: r.Confidence, Draft: r.Draft, Intent: r.Intent,
		Labelled: len(r.Labels), Language: r.Language, Outcome: r.Outcome, Place: r.Place, Reasons: r.Reasons, RunID: r.RunID,
		SampleID: r.SampleID, Status: statusOf(r.Labels), Stratum: r.Stratum,
	}
	for _, turn := range r.Turns {
		review.Turns = append(review.Turns, turn.Turn)
	}
	review.Mine = slices.ContainsFunc(r.Labels, func(l Label) bool { return l.ReviewerID == reviewer })
	if review.Mine || review.Status != ReviewOpen {
		review.Labels = r.Labels
	}
	return review
}

func statusOf(labels []Label) ReviewStatus {
	switch {
	case len(labels) < 2:
		return ReviewOpen
	case len(labels) == 2 && labels[0].Label != labels[1].Label:
		return ReviewDisputed
	}
	return ReviewSettled
}

// labelledReviews is SQL for reviews v with how many have labelled them and whether two differ.
const labelledReviews = `
	FROM eval_reviews v JOIN runs r ON r.id = v.run_id JOIN conversations c ON c.id = r.conversation_id AND c.erased_at IS NULL
	CROSS JOIN LATERAL (
		SELECT count(*) AS n, count(DISTINCT l.label) FILTER (WHERE l.ordinal < 3) AS different,
			coalesce(bool_or(l.reviewer_id = @reviewer), false) AS mine
		FROM eval_labels l WHERE l.run_id = v.run_id) k`

// reviewStatus is SQL for the status of such a row.
const reviewStatus = `CASE WHEN k.n < 2 THEN 'open' WHEN k.n = 2 AND k.different = 2 THEN 'disputed' ELSE 'settled' END`

// reviewColumns is SQL for a reviewRow.
const reviewColumns = `
	SELECT v.run_id, v.sample_id, v.stratum, v.place, r.outcome, r.reasons, coalesce(r.intent, '') AS intent,
		coalesce(r.language, '') AS language, c.channel, coalesce(r.confidence, 0)::float8 AS confidence, r.started_at AS asked_at,
		coalesce((SELECT d.body FROM drafts d WHERE d.run_id = r.id), '') AS draft,
		(SELECT d.id FROM drafts d WHERE d.run_id = r.id) AS draft_id,
		ARRAY(SELECT x ->> 'slug' FROM messages a, jsonb_array_elements(a.citations) x WHERE a.id = r.reply_id) AS articles,
		(SELECT jsonb_agg(jsonb_build_object('author', m.author, 'body', m.body, 'id', m.id) ORDER BY m.created_at, m.id)
		 FROM messages m, messages a WHERE a.id = r.reply_id AND m.conversation_id = r.conversation_id
		   AND (m.created_at, m.id) <= (a.created_at, a.id)) AS turns,
		(SELECT coalesce(jsonb_agg(jsonb_build_object('label', l.label, 'labelled_at', l.labelled_at, 'note', l.note, 'ordinal', l.ordinal,
			'reviewer_id', l.reviewer_id) ORDER BY l.ordinal), '[]') FROM eval_labels l WHERE l.run_id = v.run_id) AS labels` +
	labelledReviews

// ReviewFilter says which reviews are wanted.
type ReviewFilter struct {
	After    int64 // place of the last one of the page before
	Limit    int
	Reviewer uuid.UUID // who looks
	SampleID int64     // 0 for all
	Status   ReviewStatus
	ToDo     bool // only what the reviewer can still label
}

// Reviews returns reviews in the order in which they are to be looked at.
func (s *Store) Reviews(ctx context.Context, f ReviewFilter) ([]Review, error) {
	rows, err := s.Pool.Query(ctx, reviewColumns+`
		WHERE v.place > @after AND (@sample = 0 OR v.sample_id = @sample) AND (@status = '' OR @status = `+reviewStatus+`)
		  AND (NOT @todo OR NOT k.mine AND `+reviewStatus+` <> 'settled')
		ORDER BY v.place LIMIT @limit`, pgx.NamedArgs{
		"after": f.After, "limit": f.Limit, "reviewer": f.Reviewer, "sample": f.SampleID, "status": f.Status, "todo": f.ToDo,
	})
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[reviewRow])
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	reviews := make([]Review, len(found))
	for i, row := range found {
		if err := s.open(ctx, &row); err != nil {
			return nil, err
		}
		reviews[i] = row.seenBy(f.Reviewer)
	}
	return reviews, nil
}

// Review returns a review as a reviewer sees it, or an Error with CodeNotFound.
func (s *Store) Review(ctx context.Context, runID, reviewer uuid.UUID) (Review, error) {
	rows, err := s.Pool.Query(ctx, reviewColumns+` WHERE v.run_id = @run`, pgx.NamedArgs{"reviewer": reviewer, "run": runID})
	if err != nil {
		return Review{}, fmt.Errorf("read review: %w", err)
	}
	row, err := collectOne[reviewRow](rows, "review")
	if err != nil {
		return Review{}, err
	}
	if err := s.open(ctx, &row); err != nil {
		return Review{}, err
	}
	return row.seenBy(reviewer), nil
}

// open opens the sealed texts of a row in place.
func (s *Store) open(ctx context.Context, row *reviewRow) error {
	var err error
	if row.DraftID != nil {
		if row.Draft, err = s.Vault.Open(ctx, s.Pool, postgres.AtDraft(*row.DraftID), row.Draft); err != nil {
			return err
		}
	}
	for i, turn := range row.Turns {
		if row.Turns[i].Body, err = s.Vault.Open(ctx, s.Pool, postgres.AtMessage(turn.ID), turn.Body); err != nil {
			return err
		}
	}
	for i, label := range row.Labels {
		if row.Labels[i].Note, err = s.Vault.Open(ctx, s.Pool, postgres.AtLabelNote(row.RunID, label.ReviewerID), label.Note); err != nil {
			return err
		}
	}
	return nil
}

// Progress counts reviews.
type Progress struct {
	Disputed int `json:"disputed"`
	Open     int `json:"open"`
	Settled  int `json:"settled"`
	ToDo     int `json:"to_do"` // that the reviewer can still label
}

// Progress returns how far the reviews of a sample are, of all for 0.
func (s *Store) Progress(ctx context.Context, sampleID int64, reviewer uuid.UUID) (Progress, error) {
	rows, err := s.Pool.Query(ctx, `
		SELECT count(*) FILTER (WHERE status = 'disputed') AS disputed, count(*) FILTER (WHERE status = 'open') AS open,
			count(*) FILTER (WHERE status = 'settled') AS settled, count(*) FILTER (WHERE status <> 'settled' AND NOT mine) AS to_do
		FROM (SELECT k.mine, `+reviewStatus+` AS status `+labelledReviews+` WHERE @sample = 0 OR v.sample_id = @sample) x`,
		pgx.NamedArgs{"reviewer": reviewer, "sample": sampleID})
	if err != nil {
		return Progress{}, fmt.Errorf("count reviews: %w", err)
	}
	return collectOne[Progress](rows, "count of reviews")
}
