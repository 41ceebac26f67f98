package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/retrieval"
)

// RedirectList are all earlier slugs.
type RedirectList struct {
	Redirects []Redirect `json:"redirects" nullable:"false"`
}

// Redirect leads from an earlier slug of an article to its slug.
type Redirect struct {
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	OldSlug   string    `json:"old_slug"`
	Slug      string    `doc:"Where it leads. That slug may lead on in turn." json:"slug"`
}

// RedirectKey names a redirect.
type RedirectKey struct {
	OldSlug string `doc:"Percent-encoded where it has a slash." maxLength:"600" path:"old_slug"`
}

type setRedirectInput struct {
	RedirectKey

	Body RedirectRequest
}

// RedirectRequest says where an earlier slug leads.
type RedirectRequest struct {
	Slug string `json:"slug" maxLength:"200"`
}

func (s *server) describeRedirects(api huma.API) {
	tags := []string{"Knowledge base"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The slugs that articles had before.",
		Method:      http.MethodGet, OperationID: "list-redirects", Path: "/v1/redirects", Summary: "List redirects", Tags: tags,
	}, access.EditKnowledge), s.redirects)
	huma.Register(api, s.operation(api, huma.Operation{
		Description:   "Makes an earlier slug lead to an article, in all languages. A redirect that would lead back to itself is refused.",
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodPut, OperationID: "set-redirect", Path: "/v1/redirects/{old_slug}", Summary: "Set a redirect", Tags: tags,
	}, access.EditKnowledge), s.setRedirect)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodDelete, OperationID: "delete-redirect", Path: "/v1/redirects/{old_slug}", Summary: "Remove a redirect",
		Tags: tags,
	}, access.EditKnowledge), s.deleteRedirect)
}

func (s *server) redirects(ctx context.Context, _ *struct{}) (*output[RedirectList], error) {
	all, err := s.Index().Redirects(ctx)
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	list := RedirectList{Redirects: make([]Redirect, len(all))}
	for i, redirect := range all {
		list.Redirects[i] = Redirect(redirect)
	}
	return &output[RedirectList]{Body: list}, nil
}

func (s *server) setRedirect(ctx context.Context, in *setRedirectInput) (*struct{}, error) {
	old, err := url.PathUnescape(in.OldSlug)
	if err != nil {
		return nil, invalidField("old_slug", "percent-encode it")
	}
	err = s.Index().SetRedirect(ctx, retrieval.Redirect{CreatedBy: actor(ctx).ID.String(), OldSlug: old, Slug: in.Body.Slug})
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	return &struct{}{}, nil
}

func (s *server) deleteRedirect(ctx context.Context, in *RedirectKey) (*struct{}, error) {
	old, err := url.PathUnescape(in.OldSlug)
	if err != nil || !storableText(old) {
		return nil, newProblem(kindNotFound, kindNamed(kindNotFound).detail)
	}
	if err := s.Index().RemoveRedirect(ctx, old, actor(ctx).ID.String()); err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	return &struct{}{}, nil
}
