package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/page"
)

// EvalRun is a run of a suite that is kept.
type EvalRun struct {
	Cases     int               `json:"cases"`
	CostUSD   float64           `json:"cost_usd"`
	Done      int               `doc:"Results so far: cases times repeats at the end." json:"done"`
	EndedAt   *time.Time        `json:"ended_at,omitempty"`
	ID        int64             `json:"id"`
	Passed    int               `json:"passed"`
	Repeats   int               `json:"repeats"`
	Settings  map[string]string `json:"settings"`
	StartedAt time.Time         `json:"started_at"`
	Status    string            `enum:"running,stopped,finished" json:"status"`
	Suite     string            `json:"suite"`
	SuiteHash string            `json:"suite_hash"`
}

// EvalRunList are runs.
type EvalRunList struct {
	Runs []EvalRun `doc:"The newest first." json:"runs" nullable:"false"`
}

type evalRunsInput struct {
	Limit int    `default:"50" maximum:"500" minimum:"1" query:"limit"`
	Suite string `doc:"Only of the suite with this name." maxLength:"200" query:"suite"`
}

type evalReportInput struct {
	ID       int64 `doc:"The run." minimum:"1" path:"id"`
	Baseline int64 `doc:"Another run to compare it with." minimum:"1" query:"baseline"`
}

type pageOutput struct {
	ContentType   string `header:"Content-Type"`
	ContentPolicy string `header:"Content-Security-Policy"`
	Body          []byte
}

func (s *server) describeEvalRuns(api huma.API) {
	tags := []string{"Evals"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Runs of \"deskhand eval run\" and \"gate\" on this database.",
		Method:      http.MethodGet, OperationID: "list-eval-runs", Path: "/v1/evals/runs", Summary: "List runs of suites", Tags: tags,
		RejectUnknownQueryParameters: true,
	}, access.ReviewAnswers), s.evalRuns)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The report as one page that loads nothing: figures with intervals, slices, curves, failed cases with their traces; " +
			"with a baseline also what changed.",
		Method: http.MethodGet, OperationID: "get-eval-report", Path: "/v1/evals/runs/{id}/report", Summary: "Report of a run", Tags: tags,
		RejectUnknownQueryParameters: true,
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, access.ReviewAnswers), s.evalReport)
}

func (s *server) evalRuns(ctx context.Context, in *evalRunsInput) (*output[EvalRunList], error) {
	if err := storable("suite", in.Suite); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	runs, err := s.Evals.Runs(ctx, archive.Filter{Limit: in.Limit, Suite: in.Suite})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := EvalRunList{Runs: make([]EvalRun, len(runs))}
	for i, r := range runs {
		list.Runs[i] = EvalRun{
			Cases: r.Cases, CostUSD: r.CostUSD, Done: r.Done, EndedAt: r.EndedAt, ID: r.ID, Passed: r.Passed, Repeats: r.Repeats,
			Settings: r.Settings, StartedAt: r.StartedAt, Status: string(r.Status), Suite: r.Suite, SuiteHash: r.SuiteHash,
		}
	}
	return &output[EvalRunList]{Body: list}, nil
}

func (s *server) evalReport(ctx context.Context, in *evalReportInput) (*pageOutput, error) {
	report, err := s.readEvalRun(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	input := page.Input{Made: s.Clock(), Report: report}
	if in.Baseline != 0 {
		baseline, err := s.readEvalRun(ctx, in.Baseline)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		input.Baseline, input.Comparison = &baseline, evals.Compare(baseline, report)
	}
	var html bytes.Buffer
	if err := page.Write(&html, input); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	// Its questions and replies are hostile text. Encoded as they are, the page also has no origin: it could not use the session.
	policy := page.Policy() + "; frame-ancestors 'none'; sandbox allow-scripts"
	return &pageOutput{Body: html.Bytes(), ContentPolicy: policy, ContentType: "text/html; charset=utf-8"}, nil
}

// readEvalRun counts a run again, or returns an Error with CodeNotFound.
func (s *server) readEvalRun(ctx context.Context, id int64) (evals.Report, error) {
	run, err := s.Evals.Run(ctx, id)
	if errors.Is(err, archive.ErrNoRun) {
		return evals.Report{}, assistant.Errorf(assistant.CodeNotFound, "run not found")
	}
	if err != nil {
		return evals.Report{}, err
	}
	results, err := s.Evals.Results(ctx, id)
	if err != nil {
		return evals.Report{}, err
	}
	if len(results) == 0 {
		return evals.Report{}, assistant.Errorf(assistant.CodeNotFound, "nothing came out of this run yet")
	}
	return run.Report(results), nil
}
