package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

const (
	// reviewDays is the time that a draw is of when nobody says otherwise.
	reviewDays = 7
	// samplesShown is how many draws a list holds: two years of weekly ones.
	samplesShown = 100
)

// DrawRequest says which questions are drawn for review.
type DrawRequest struct {
	From time.Time `doc:"Questions that ended at this time or later; 7 days before to when missing." json:"from,omitzero"`
	Seed int64     `doc:"The same seed draws the same questions of the same time." json:"seed,omitempty"`
	Size int       `doc:"How many; those drawn before are not drawn twice." json:"size" maximum:"2000" minimum:"1"`
	To   time.Time `doc:"And before this time; now when missing." json:"to,omitzero"`
}

type drawInput struct {
	Body DrawRequest
}

// SampleList are draws.
type SampleList struct {
	Samples []online.Sample `doc:"The newest first." json:"samples" nullable:"false"`
}

// ReviewTurn is a message of a conversation.
type ReviewTurn struct {
	Author string `enum:"customer,assistant,agent" json:"author"`
	Body   string `doc:"Without personal data." json:"body"`
}

// ReviewLabel is what somebody said of a question.
type ReviewLabel struct {
	Label      string    `json:"label"`
	LabelledAt time.Time `json:"labelled_at"`
	Note       string    `json:"note"`
	Ordinal    int       `doc:"1 and 2 without knowing of each other, 3 decides." json:"ordinal"`
	ReviewerID uuid.UUID `json:"reviewer_id"`
}

// Review is a question that was drawn.
type Review struct {
	Articles   []string      `doc:"Slugs that the reply cites." json:"articles" nullable:"false"`
	AskedAt    time.Time     `json:"asked_at"`
	Channel    string        `json:"channel"`
	Choices    []string      `doc:"The labels that fit the outcome." json:"choices" nullable:"false"`
	Confidence float64       `json:"confidence"`
	Draft      string        `doc:"That was made for the agents, if any." json:"draft,omitempty"`
	ID         uuid.UUID     `doc:"Of the run." json:"id"`
	Intent     string        `json:"intent"`
	Labelled   int           `doc:"How many have labelled it." json:"labelled"`
	Labels     []ReviewLabel `doc:"None before the caller has labelled too, or two differ." json:"labels" nullable:"false"`
	Language   string        `json:"language"`
	Mine       bool          `doc:"Whether the caller has labelled it." json:"mine"`
	Outcome    string        `enum:"answered,clarify,handed_off" json:"outcome"`
	Reasons    []string      `json:"reasons" nullable:"false"`
	SampleID   int64         `json:"sample_id"`
	Status     string        `enum:"open,disputed,settled" json:"status"`
	Stratum    string        `json:"stratum"`
	Turns      []ReviewTurn  `doc:"Up to the reply, oldest first." json:"turns" nullable:"false"`
}

// ReviewList is a page of reviews.
type ReviewList struct {
	NextCursor string          `doc:"Where the next page begins; missing on the last." json:"next_cursor,omitempty"`
	Progress   online.Progress `json:"progress"`
	Reviews    []Review        `json:"reviews" nullable:"false"`
}

// LabelRequest is what a reviewer says of a question.
type LabelRequest struct {
	Label string `doc:"One of the review's choices." enum:"correct_answer,right_handoff,needless_handoff,wrong_answer,missed_mandatory_handoff" json:"label"` //nolint:lll // a tag is one line
	Note  string `json:"note,omitempty" maxLength:"2000"`
}

type reviewsInput struct {
	Cursor string `doc:"next_cursor of the page before." maxLength:"20" query:"cursor"`
	Limit  int    `default:"50" maximum:"200" minimum:"1" query:"limit"`
	Sample int64  `doc:"Of this draw only." minimum:"1" query:"sample"`
	Status string `enum:"open,disputed,settled" query:"status"`
	ToDo   bool   `doc:"Only what the caller can still label." query:"to_do"`
}

type reviewInput struct {
	ID uuid.UUID `doc:"The run." path:"id"`
}

type labelInput struct {
	ID   uuid.UUID `doc:"The run." path:"id"`
	Body LabelRequest
}

type qualityInput struct {
	Sample int64 `doc:"Of this draw only." minimum:"1" query:"sample"`
}

func (s *server) describeReviews(api huma.API) {
	tags := []string{"Evals"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Draws questions of live traffic. Each stratum of intent and confidence gets its share, and every question has the " +
			"same chance.",
		DefaultStatus: http.StatusCreated,
		Method:        http.MethodPost, OperationID: "draw-sample", Path: "/v1/reviews/samples", Summary: "Draw questions for review",
		Tags: tags,
	}, access.ReviewAnswers), s.drawSample)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-samples", Path: "/v1/reviews/samples", Summary: "List draws", Tags: tags,
	}, access.ReviewAnswers), s.samples)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "In the order in which they are to be looked at.",
		Method:      http.MethodGet, OperationID: "list-reviews", Path: "/v1/reviews", Summary: "List reviews", Tags: tags,
		RejectUnknownQueryParameters: true,
	}, access.ReviewAnswers), s.reviews)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "How good live answers are, and how far the reviewers agree (Cohen's kappa).",
		Method:      http.MethodGet, OperationID: "get-review-quality", Path: "/v1/reviews/quality", Summary: "What reviews say",
		Tags:                         tags,
		RejectUnknownQueryParameters: true,
	}, access.ReviewAnswers), s.quality)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "get-review", Path: "/v1/reviews/{id}", Summary: "Read a review", Tags: tags,
	}, access.ReviewAnswers), s.review)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Two people label a question without seeing each other's label; where they differ, a third one decides. " +
			"Until somebody else has labelled too, one's own label can be changed.",
		Method: http.MethodPut, OperationID: "label-review", Path: "/v1/reviews/{id}/label", Summary: "Label a question", Tags: tags,
	}, access.ReviewAnswers), s.labelReview)
}

func (s *server) drawSample(ctx context.Context, in *drawInput) (*output[online.Sample], error) {
	draw := online.Draw{Actor: actor(ctx), From: in.Body.From, Seed: in.Body.Seed, Size: in.Body.Size, To: in.Body.To}
	if draw.To.IsZero() {
		draw.To = s.Clock()
	}
	if draw.From.IsZero() {
		draw.From = draw.To.AddDate(0, 0, -reviewDays)
	}
	sample, err := s.Online.Draw(ctx, draw)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[online.Sample]{Body: sample}, nil
}

func (s *server) samples(ctx context.Context, _ *struct{}) (*output[SampleList], error) {
	samples, err := s.Online.Samples(ctx, samplesShown)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[SampleList]{Body: SampleList{Samples: samples}}, nil
}

func (s *server) reviews(ctx context.Context, in *reviewsInput) (*output[ReviewList], error) {
	filter := online.ReviewFilter{
		Limit: in.Limit + 1, Reviewer: actor(ctx).ID, SampleID: in.Sample, Status: online.ReviewStatus(in.Status), ToDo: in.ToDo,
	}
	if in.Cursor != "" {
		var err error
		if filter.After, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || filter.After < 1 {
			return nil, invalidField("cursor", "send next_cursor as it came, or leave it out")
		}
	}
	list := ReviewList{Reviews: []Review{}}
	found, err := s.Online.Reviews(ctx, filter)
	if err == nil {
		list.Progress, err = s.Online.Progress(ctx, in.Sample, filter.Reviewer)
	}
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	for i, r := range found {
		if i == in.Limit {
			list.NextCursor = strconv.FormatInt(found[i-1].Place, 10)
			break
		}
		list.Reviews = append(list.Reviews, NewReview(r, s.masker.Text))
	}
	return &output[ReviewList]{Body: list}, nil
}

func (s *server) review(ctx context.Context, in *reviewInput) (*output[Review], error) {
	found, err := s.Online.Review(ctx, in.ID, actor(ctx).ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Review]{Body: NewReview(found, s.masker.Text)}, nil
}

func (s *server) labelReview(ctx context.Context, in *labelInput) (*output[Review], error) {
	labelled, err := s.Online.Label(ctx, online.Labelling{
		Actor: actor(ctx), Label: evals.Ending(in.Body.Label), Note: s.masker.Text(s.Redactor.Redact(in.Body.Note).Text), RunID: in.ID,
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Review]{Body: NewReview(labelled, s.masker.Text)}, nil
}

func (s *server) quality(ctx context.Context, in *qualityInput) (*output[online.Quality], error) {
	quality, err := s.Online.Quality(ctx, in.Sample, actor(ctx).ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[online.Quality]{Body: quality}, nil
}

// NewReview is a review as the interface shows it, with what customers wrote masked.
func NewReview(r online.Review, mask func(string) string) Review {
	view := Review{
		Articles: r.Articles, AskedAt: r.AskedAt, Channel: r.Channel, Choices: []string{}, Confidence: r.Confidence, Draft: r.Draft,
		ID: r.RunID, Intent: r.Intent, Labelled: r.Labelled, Labels: []ReviewLabel{}, Language: r.Language, Mine: r.Mine,
		Outcome: string(r.Outcome),
		Reasons: r.Reasons, SampleID: r.SampleID, Status: string(r.Status), Stratum: r.Stratum, Turns: []ReviewTurn{},
	}
	for _, choice := range r.Choices() {
		view.Choices = append(view.Choices, string(choice))
	}
	for _, l := range r.Labels {
		view.Labels = append(view.Labels, ReviewLabel{
			Label: string(l.Label), LabelledAt: l.LabelledAt, Note: l.Note, Ordinal: l.Ordinal, ReviewerID: l.ReviewerID,
		})
	}
	for _, turn := range r.Masked(mask).Turns {
		view.Turns = append(view.Turns, ReviewTurn{Author: string(turn.Author), Body: turn.Body})
	}
	return view
}
