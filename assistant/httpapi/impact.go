package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/retrieval"
)

// impactQuestions is how many recent questions an article is tried on.
const impactQuestions = 200

// ImpactRequest is an article as it would be.
type ImpactRequest struct {
	CreateArticleRequest

	Limit  int `default:"20" doc:"Questions to try now." json:"limit,omitempty" maximum:"50" minimum:"1"`
	Offset int `doc:"Questions that were tried before." json:"offset,omitempty" maximum:"1000" minimum:"0"`
}

type impactInput struct {
	Body ImpactRequest
}

// ImpactPage is what an article would change for some of the recent questions.
type ImpactPage struct {
	Next      int                `doc:"Send it as offset to go on; absent at the end." json:"next,omitempty"`
	Questions []QuestionImpacted `doc:"Those for which something changes." json:"questions" nullable:"false"`
	Total     int                `doc:"Questions that are tried in all." json:"total"`
	Tried     int                `doc:"Questions tried up to here." json:"tried"`
}

// QuestionImpacted is a question for which an article would change something.
type QuestionImpacted struct {
	After    string `doc:"The passage that would fit it best." json:"after"`
	Before   string `doc:"The passage that fits it best now." json:"before"`
	Effect   string `doc:"changed: the article answers with other words. gained: it answers, and did not. lost: it answered, and does not." enum:"changed,gained,lost" json:"effect"` //nolint:lll // a tag is one line
	Question string `doc:"Without personal data." json:"question"`
}

func (s *server) describeImpact(api huma.API) {
	operation := s.operation(api, huma.Operation{
		Description: "Tries an article on the latest questions of customers, some at a time, as an estimate: its passages are " +
			"ranked beside those that a search finds now. No model writes anything, and nothing is stored.",
		Method: http.MethodPost, OperationID: "try-article", Path: "/v1/articles/impact", Summary: "What would an article change?",
		Tags: []string{"Knowledge base"},
	}, access.EditKnowledge)
	operation.MaxBodyBytes = articleBodyLimit
	huma.Register(api, operation, s.impact)
}

func (s *server) impact(ctx context.Context, in *impactInput) (*output[ImpactPage], error) {
	locale, ok := retrieval.Locale(in.Body.Locale)
	if !ok {
		return nil, invalidField("locale", "use a BCP 47 tag like en, zh-Hans or pt")
	}
	asked, err := s.Store.RecentQuestions(ctx, impactQuestions)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	changed := in.Body.article(in.Body.Slug, locale)
	page := ImpactPage{Questions: []QuestionImpacted{}, Total: len(asked)}
	page.Tried = min(in.Body.Offset+in.Body.Limit, len(asked))
	for _, question := range asked[min(in.Body.Offset, len(asked)):page.Tried] {
		impact, err := s.impactOn(ctx, question, changed)
		if err != nil {
			return nil, s.articleProblem(ctx, err)
		}
		if impact.Effect != retrieval.EffectNone {
			page.Questions = append(page.Questions, QuestionImpacted{
				After: impact.After, Before: impact.Before, Effect: string(impact.Effect), Question: s.masker.Text(question.Body),
			})
		}
	}
	if page.Tried < page.Total {
		page.Next = page.Tried
	}
	return &output[ImpactPage]{Body: page}, nil
}

func (s *server) impactOn(ctx context.Context, asked desk.AskedQuestion, changed retrieval.Article) (retrieval.Impact, error) {
	found, err := s.Search(ctx, retrieval.Query{
		Audience: retrieval.AudiencePublic, Limit: similarShown, Locale: asked.Language, Now: s.Clock(), Text: asked.Body,
	})
	if err != nil {
		return retrieval.Impact{}, err
	}
	return s.Index().Impact(ctx, retrieval.Text{Body: asked.Body, Locale: asked.Language}, found, changed)
}
