package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// DriftView is what the last look for drift saw.
type DriftView struct {
	Drift  *evals.Drift `json:"drift,omitempty"`
	Looked bool         `doc:"False before the first look." json:"looked"`
}

// ShadowView is what a candidate would have done with live questions.
type ShadowView struct {
	Differences []ShadowDifference `doc:"The latest questions that would have ended otherwise." json:"differences" nullable:"false"`
	Report      evals.ShadowReport `json:"report"`
}

// ShadowDifference is a question that would have ended otherwise.
type ShadowDifference struct {
	Articles   []string  `doc:"Slugs that the candidate cites." json:"articles" nullable:"false"`
	AskedAt    time.Time `json:"asked_at"`
	Body       string    `doc:"What the candidate would have said; missing for a hand-off." json:"body,omitempty"`
	Candidate  string    `doc:"Empty when it failed." json:"candidate"`
	Confidence float64   `json:"confidence"`
	Desk       string    `json:"desk"`
	Language   string    `json:"language"`
	Question   string    `doc:"Without personal data." json:"question"`
	Reasons    []string  `json:"reasons" nullable:"false"`
	Reply      string    `doc:"What the desk said." json:"reply"`
	RunID      uuid.UUID `json:"run_id"`
}

// ShadowList are candidates.
type ShadowList struct {
	Candidates []ShadowView `doc:"The one that was asked last first." json:"candidates" nullable:"false"`
}

// shadowsShown is how many candidates, and how many differences of each, one answer holds.
const shadowsShown = 20

func (s *server) describeOnline(api huma.API) {
	tags := []string{"Evals"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Whether the traffic of a week differed from that of the four weeks before, when the service last looked.",
		Method:      http.MethodGet, OperationID: "get-drift", Path: "/v1/evals/drift", Summary: "Drift of live traffic", Tags: tags,
	}, access.ReviewAnswers), s.drift)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "What candidates (a second policy, prompt or model) would have done with live questions. None of it was sent.",
		Method:      http.MethodGet, OperationID: "list-candidates", Path: "/v1/evals/shadow", Summary: "Shadow comparisons", Tags: tags,
	}, access.ReviewAnswers), s.shadow)
}

func (s *server) drift(ctx context.Context, _ *struct{}) (*output[DriftView], error) {
	drift, looked, err := s.Online.LastDrift(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	view := DriftView{Looked: looked}
	if looked {
		view.Drift = &drift
	}
	return &output[DriftView]{Body: view}, nil
}

func (s *server) shadow(ctx context.Context, _ *struct{}) (*output[ShadowList], error) {
	names, err := s.Online.Candidates(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := ShadowList{Candidates: []ShadowView{}}
	for _, name := range names[:min(len(names), shadowsShown)] {
		report, err := s.Online.ShadowReport(ctx, name)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		differences, err := s.Online.Differences(ctx, name, shadowsShown)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		list.Candidates = append(list.Candidates, NewShadowView(report, differences, s.masker.Text))
	}
	return &output[ShadowList]{Body: list}, nil
}

// NewShadowView is a comparison as the interface shows it, with what customers wrote masked.
func NewShadowView(report evals.ShadowReport, differences []online.Difference, mask func(string) string) ShadowView {
	view := ShadowView{Differences: make([]ShadowDifference, len(differences)), Report: report}
	for i, d := range differences {
		view.Differences[i] = ShadowDifference{
			Articles: d.Articles, AskedAt: d.AskedAt, Body: d.Body, Candidate: string(d.Candidate), Confidence: d.Confidence,
			Desk: string(d.Desk), Language: d.Language, Question: mask(d.Question), Reasons: d.Reasons, Reply: d.Reply, RunID: d.RunID,
		}
	}
	return view
}
