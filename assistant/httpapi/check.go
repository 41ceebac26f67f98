package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/retrieval"
)

type checkInput struct {
	Body CreateArticleRequest
}

type checkIDInput struct {
	ID uuid.UUID `doc:"The check." path:"id"`
}

// ArticleCheck is a suite that is run on an article as it would be.
type ArticleCheck struct {
	Better   []string      `doc:"Ids of cases that pass with the article and did not." json:"better" nullable:"false"`
	Done     int           `json:"done"`
	Findings []RuleFinding `doc:"The rules and whether they hold." json:"findings" nullable:"false"`
	ID       uuid.UUID     `json:"id"`
	Problem  string        `doc:"Why nothing can be said, of a broken check." json:"problem,omitempty"`
	Status   string        `enum:"waiting,running,passed,failed,broken" json:"status"`
	Suite    string        `json:"suite,omitempty"`
	Total    int           `doc:"Cases, before and after." json:"total"`
	Worse    []string      `doc:"Ids of cases that passed and do not with the article." json:"worse" nullable:"false"`
}

// RuleFinding is a rule of a gate and whether it holds.
type RuleFinding struct {
	Detail string `json:"detail"`
	Held   bool   `json:"held"`
	Rule   string `json:"rule"`
}

func (s *server) describeChecks(api huma.API) {
	operation := s.operation(api, huma.Operation{
		Description: "Runs the suite of DESKHAND_GATE_SUITE on a copy of the knowledge base, with the article as it is and as it would " +
			"be, and says whether anything would get worse. Nothing is published.",
		DefaultStatus: http.StatusAccepted,
		Method:        http.MethodPost, OperationID: "check-article", Path: "/v1/articles/check",
		Summary: "Check an article before publishing", Tags: []string{"Knowledge base"},
	}, access.EditKnowledge)
	operation.MaxBodyBytes = articleBodyLimit
	huma.Register(api, operation, s.checkArticle)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "get-article-check", Path: "/v1/evals/checks/{id}", Summary: "How far a check is",
		Tags: []string{"Knowledge base"},
	}, access.EditKnowledge), s.articleCheck)
}

func (s *server) checkArticle(ctx context.Context, in *checkInput) (*output[ArticleCheck], error) {
	if s.Check == nil {
		return nil, newProblem(kindNoSuite, kindNamed(kindNoSuite).detail)
	}
	locale, ok := retrieval.Locale(in.Body.Locale)
	if !ok {
		return nil, invalidField("locale", "use a BCP 47 tag like en, zh-Hans or pt")
	}
	id, err := s.Online.AskCheck(ctx, actor(ctx), in.Body.article(in.Body.Slug, locale), s.Check)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.articleCheck(ctx, &checkIDInput{ID: id})
}

func (s *server) articleCheck(ctx context.Context, in *checkIDInput) (*output[ArticleCheck], error) {
	check, err := s.Online.Check(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[ArticleCheck]{Body: checkView(check)}, nil
}

func checkView(c online.Check) ArticleCheck {
	view := ArticleCheck{
		Better: []string{}, Done: c.Done, Findings: []RuleFinding{}, ID: c.ID, Problem: c.Problem, Status: string(c.Status),
		Total: c.Total, Worse: []string{},
	}
	if c.Gate == nil {
		return view
	}
	view.Suite = c.Gate.Suite
	for _, finding := range c.Gate.Findings {
		view.Findings = append(view.Findings, RuleFinding{Detail: finding.Detail, Held: finding.Held, Rule: finding.Rule})
	}
	view.Better, view.Worse = changedCases(c.Gate.Comparison.Better), changedCases(c.Gate.Comparison.Worse)
	return view
}

func changedCases(changes []evals.Change) []string {
	ids := make([]string, len(changes))
	for i, change := range changes {
		ids[i] = change.ID
	}
	return ids
}
