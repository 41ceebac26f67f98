package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
)

const (
	// statsDays is the time that figures are of when nobody says otherwise.
	statsDays = 30
	// gapsRead is how many questions the groups are made of: enough for a month of a large desk's gaps.
	gapsRead = 5000
	// gapsShown is how many groups one answer holds.
	gapsShown = 100
)

type statsInput struct {
	By       string    `doc:"Figures for each beside the total." enum:"day,intent,language" query:"by"`
	From     time.Time `doc:"30 days before to when missing." query:"from"`
	Intent   string    `pattern:"^[a-z0-9_.]{1,100}$" patternDescription:"an intent" query:"intent"`
	Language string    `pattern:"^[A-Za-z0-9-]{2,35}$" patternDescription:"a BCP 47 tag" query:"language"`
	To       time.Time `doc:"Now when missing." query:"to"`
}

// GapList is what the knowledge base lacks.
type GapList struct {
	Gaps []desk.Gap `doc:"The most frequent first." json:"gaps" nullable:"false"`
}

func (s *server) describeStats(api huma.API) {
	tags := []string{"Figures"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Times of first response and resolution, promises kept, ratings, automatic answers, reasons of hand-offs, outcomes, " +
			"and what became of drafts.",
		Method: http.MethodGet, OperationID: "get-stats", Path: "/v1/stats", Summary: "Figures", Tags: tags,
		RejectUnknownQueryParameters: true,
	}, access.ReadFigures), s.stats)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Questions that no article answered well enough, grouped by intent and similar words.",
		Method:      http.MethodGet, OperationID: "get-gaps", Path: "/v1/stats/gaps", Summary: "What the articles lack", Tags: tags,
		RejectUnknownQueryParameters: true,
	}, access.ReadFigures), s.gaps)
}

func (s *server) stats(ctx context.Context, in *statsInput) (*output[desk.Stats], error) {
	filter, problem := s.statsFilter(in)
	if problem != nil {
		return nil, problem
	}
	stats, err := s.Store.Stats(ctx, filter)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[desk.Stats]{Body: stats}, nil
}

func (s *server) gaps(ctx context.Context, in *statsInput) (*output[GapList], error) {
	filter, problem := s.statsFilter(in)
	if problem != nil {
		return nil, problem
	}
	questions, err := s.Store.Unanswered(ctx, filter, gapsRead)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	for i := range questions {
		questions[i].Text = s.masker.Text(questions[i].Text)
	}
	gaps := desk.Gaps(questions)
	return &output[GapList]{Body: GapList{Gaps: gaps[:min(len(gaps), gapsShown)]}}, nil
}

func (s *server) statsFilter(in *statsInput) (desk.StatsFilter, error) {
	filter := desk.StatsFilter{By: in.By, From: in.From, Intent: in.Intent, Language: in.Language, To: in.To}
	if filter.To.IsZero() {
		filter.To = s.Clock()
	}
	if filter.From.IsZero() {
		filter.From = filter.To.AddDate(0, 0, -statsDays)
	}
	if !filter.From.Before(filter.To) {
		p := newProblem(kindInvalid, "from must lie before to.")
		p.Errors = []FieldError{{Field: "from", Message: "must lie before to"}}
		return filter, p
	}
	return filter, nil
}
