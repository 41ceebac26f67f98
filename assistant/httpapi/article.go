package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/retrieval"
)

// articleBodyLimit holds the longest article, with what JSON adds to its text.
const articleBodyLimit = 2*retrieval.MaxArticleBytes + bodyLimit

type articlesInput struct {
	Cursor string `doc:"next_cursor of the page before." maxLength:"1000" query:"cursor"`
	Limit  int    `default:"50" doc:"Articles on a page." maximum:"200" minimum:"1" query:"limit"`
	Locale string `example:"zh-Hans" pattern:"^[A-Za-z0-9-]{2,35}$" patternDescription:"a BCP 47 tag" query:"locale"`
	Q      string `doc:"Only articles with each of these words in slug, title or text, also as a part of a word." maxLength:"200" query:"q"`
	Status string `doc:"Only for leads: others see published articles." enum:"draft,published,archived" query:"status"`
}

// ArticleList is a page of the knowledge base.
type ArticleList struct {
	Articles   []Article `doc:"By slug and language, without their texts." json:"articles" nullable:"false"`
	NextCursor string    `doc:"Where the next page begins; missing on the last." json:"next_cursor,omitempty"`
}

// Article is an article in one language.
type Article struct {
	Audience       string    `enum:"public,internal" json:"audience"`
	Body           string    `doc:"Markdown. Missing in lists." json:"body,omitempty"`
	Category       string    `json:"category,omitempty"`
	ChangedAt      time.Time `json:"changed_at"`
	ChangedBy      string    `doc:"An agent's id, or how it was imported. For leads." json:"changed_by,omitempty"`
	Deleted        bool      `doc:"This version ended the article." json:"deleted,omitempty"`
	Intents        []string  `json:"intents" nullable:"false"`
	Jurisdictions  []string  `doc:"Countries for which it holds; none means all." json:"jurisdictions" nullable:"false"`
	Live           bool      `doc:"Searches find this version. A new text takes a moment: until then they find the one before." json:"live"`
	Locale         string    `example:"zh-Hans" json:"locale"`
	RedirectedFrom string    `doc:"The slug that was asked for, if the article has another by now." json:"redirected_from,omitempty"`
	ReviewBy       string    `doc:"Last day for automatic answers." example:"2027-01-31" format:"date" json:"review_by,omitempty"`
	Slug           string    `json:"slug"`
	Source         string    `doc:"Where it was imported from. For leads." json:"source,omitempty"`
	Status         string    `enum:"draft,published,archived" json:"status"`
	Title          string    `json:"title"`
	Version        int       `doc:"Send it with a change: a change of another version is refused." json:"version"`
}

// ArticleKey names an article in one language.
type ArticleKey struct {
	Locale string `example:"zh-Hans" path:"locale" pattern:"^[A-Za-z0-9-]{2,35}$" patternDescription:"a BCP 47 tag"`
	Slug   string `doc:"Percent-encoded where it has a slash." maxLength:"600" path:"slug"`
}

type createArticleInput struct {
	Body CreateArticleRequest
}

// CreateArticleRequest is a new article.
type CreateArticleRequest struct {
	ArticleTextRequest

	Locale string `doc:"BCP 47." json:"locale" maxLength:"35"`
	Slug   string `doc:"The same in all languages." json:"slug" maxLength:"200"`
}

// ArticleTextRequest is what an author writes.
type ArticleTextRequest struct {
	Audience      string   `default:"public" doc:"internal is for agents only." enum:"public,internal" json:"audience,omitempty"`
	Body          string   `doc:"Markdown." json:"body"`
	Category      string   `json:"category,omitempty" maxLength:"500"`
	Intents       []string `doc:"What it answers, the main one first." json:"intents,omitempty" maxItems:"50"`
	Jurisdictions []string `doc:"ISO 3166-1 codes." json:"jurisdictions,omitempty" maxItems:"250"`
	ReviewBy      string   `example:"2027-01-31" format:"date" json:"review_by,omitempty"`
	Status        string   `default:"published" enum:"draft,published,archived" json:"status,omitempty"`
	Title         string   `json:"title" maxLength:"500"`
}

type updateArticleInput struct {
	ArticleKey

	Body UpdateArticleRequest
}

// UpdateArticleRequest is an article as it should be from now on. A field that is left out is emptied.
type UpdateArticleRequest struct {
	ArticleTextRequest

	Version int `doc:"The version that the author saw. If it has changed since, nothing happens." json:"version" minimum:"1"`
}

type deleteArticleInput struct {
	ArticleKey

	Version int `doc:"The version that the author saw. Another one is not deleted." minimum:"1" query:"version" required:"true"`
}

func (s *server) describeArticles(api huma.API) {
	tags := []string{"Knowledge base"}
	const one = "/v1/articles/{slug}/{locale}"
	register := func(op huma.Operation, permission access.Permission) huma.Operation {
		op.Tags = tags
		op = s.operation(api, op, permission)
		op.MaxBodyBytes = articleBodyLimit
		return op
	}
	huma.Register(api, register(huma.Operation{
		Description: "Leads and admins see every article as written last; agents what is published; widgets what customers may read.",
		Method:      http.MethodGet, OperationID: "list-articles", Path: "/v1/articles", Summary: "List articles",
		RejectUnknownQueryParameters: true,
	}, access.ReadKnowledge), s.articles)
	huma.Register(api, register(huma.Operation{
		Description: "An earlier slug of the article leads to it.",
		Method:      http.MethodGet, OperationID: "get-article", Path: one, Summary: "Read an article",
	}, access.ReadKnowledge), s.article)
	huma.Register(api, register(huma.Operation{
		Description:   "Searches find the article as soon as its vectors are made, in the background.",
		DefaultStatus: http.StatusCreated,
		Method:        http.MethodPost, OperationID: "create-article", Path: "/v1/articles", Summary: "Write an article",
	}, access.EditKnowledge), s.createArticle)
	huma.Register(api, register(huma.Operation{
		Description: "Searches find the old text until the vectors of the new one are made, then the new one. A change of audience, " +
			"status, dates, intents or countries alone takes effect at once.",
		Method: http.MethodPut, OperationID: "update-article", Path: one, Summary: "Change an article",
	}, access.EditKnowledge), s.updateArticle)
	huma.Register(api, register(huma.Operation{
		Description: "Takes effect at once. The history stays, and an article of the same slug goes on with it.",
		Method:      http.MethodDelete, OperationID: "delete-article", Path: one, Summary: "Delete an article",
		RejectUnknownQueryParameters: true,
	}, access.EditKnowledge), s.deleteArticle)
	huma.Register(api, register(huma.Operation{
		Description: "Who wrote which version, and when.",
		Method:      http.MethodGet, OperationID: "list-article-versions", Path: one + "/versions", Summary: "History of an article",
	}, access.EditKnowledge), s.articleVersions)
	huma.Register(api, register(huma.Operation{
		Description: "To restore it, write it again.",
		Method:      http.MethodGet, OperationID: "get-article-version", Path: one + "/versions/{version}", Summary: "Read a version",
	}, access.EditKnowledge), s.articleVersion)
}

func (s *server) articles(ctx context.Context, in *articlesInput) (*output[ArticleList], error) {
	after, ok := parseArticleCursor(in.Cursor)
	if !ok {
		p := newProblem(kindBadRequest, "The cursor is not one of ours. Start again without it.")
		p.Errors = []FieldError{{Field: "cursor", Message: "send next_cursor as it came, or leave it out"}}
		return nil, p
	}
	locale := ""
	if in.Locale != "" {
		if locale, ok = retrieval.Locale(in.Locale); !ok {
			return nil, invalidField("locale", "use a BCP 47 tag like en, zh-Hans or pt")
		}
	}
	if err := storable("q", in.Q); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := ArticleList{Articles: []Article{}}
	if requestFrom(ctx).caller.May(access.EditKnowledge) {
		written, err := s.Index().Written(ctx, retrieval.AuthorFilter{
			AfterLocale: after.Locale, AfterSlug: after.Slug, Limit: in.Limit + 1, Locale: locale, Status: retrieval.Status(in.Status),
			Words: retrieval.Words(in.Q),
		})
		if err != nil {
			return nil, s.articleProblem(ctx, err)
		}
		for _, version := range written {
			list.Articles = append(list.Articles, versionView(version))
		}
	} else {
		filter := s.readable(ctx)
		filter.AfterLocale, filter.AfterSlug, filter.Limit, filter.Locale = after.Locale, after.Slug, in.Limit+1, locale
		filter.Words = retrieval.Words(in.Q)
		published, err := s.Index().List(ctx, filter)
		if err != nil {
			return nil, s.articleProblem(ctx, err)
		}
		for _, article := range published {
			list.Articles = append(list.Articles, articleView(article))
		}
	}
	if len(list.Articles) > in.Limit {
		list.Articles = list.Articles[:in.Limit]
		last := list.Articles[in.Limit-1]
		list.NextCursor = formatArticleCursor(articleCursor{Locale: last.Locale, Slug: last.Slug})
	}
	return &output[ArticleList]{Body: list}, nil
}

// readable is what the caller may read: agents all that is published, customers what is public and not stale.
func (s *server) readable(ctx context.Context) retrieval.Filter {
	filter := retrieval.Filter{Status: retrieval.StatusPublished}
	if requestFrom(ctx).caller.Role == access.Widget {
		filter.Audience, filter.FreshOn = retrieval.AudiencePublic, s.Clock().UTC().Truncate(24*time.Hour)
	}
	return filter
}

func (s *server) article(ctx context.Context, in *ArticleKey) (*output[Article], error) {
	slug, locale, err := in.key()
	if err != nil {
		return nil, err
	}
	end, err := s.Index().Resolve(ctx, slug)
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	view, err := s.readArticle(ctx, end, locale)
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	if end != slug {
		view.RedirectedFrom = slug
	}
	return &output[Article]{Body: view}, nil
}

func (s *server) readArticle(ctx context.Context, slug, locale string) (Article, error) {
	if requestFrom(ctx).caller.May(access.EditKnowledge) {
		newest, err := s.Index().ArticleVersion(ctx, slug, locale, 0)
		if err == nil && newest.Deleted {
			err = retrieval.ErrArticleNotFound
		}
		return versionView(newest), err
	}
	article, err := s.Index().Article(ctx, slug, locale)
	if err != nil {
		return Article{}, err
	}
	filter := s.readable(ctx)
	if article.Status != filter.Status || filter.Audience != "" && article.Audience != filter.Audience ||
		article.ReviewBy != nil && article.ReviewBy.Before(filter.FreshOn) {
		return Article{}, retrieval.ErrArticleNotFound // that it exists is not for the caller either
	}
	return articleView(article), nil
}

func (s *server) createArticle(ctx context.Context, in *createArticleInput) (*output[Article], error) {
	locale, ok := retrieval.Locale(in.Body.Locale)
	if !ok {
		return nil, invalidField("locale", "use a BCP 47 tag like en, zh-Hans or pt")
	}
	return s.saveArticle(ctx, in.Body.article(in.Body.Slug, locale), 0)
}

func (s *server) updateArticle(ctx context.Context, in *updateArticleInput) (*output[Article], error) {
	slug, locale, err := in.key()
	if err != nil {
		return nil, err
	}
	return s.saveArticle(ctx, in.Body.article(slug, locale), in.Body.Version)
}

func (s *server) saveArticle(ctx context.Context, article retrieval.Article, version int) (*output[Article], error) {
	saved, err := s.Index().Save(ctx, retrieval.Edit{Actor: actor(ctx).ID.String(), Article: article, Version: version})
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	return &output[Article]{Body: versionView(saved)}, nil
}

func (s *server) deleteArticle(ctx context.Context, in *deleteArticleInput) (*struct{}, error) {
	slug, locale, err := in.key()
	if err != nil {
		return nil, err
	}
	err = s.Index().Remove(ctx, retrieval.Edit{
		Actor: actor(ctx).ID.String(), Article: retrieval.Article{Locale: locale, Slug: slug}, Version: in.Version,
	})
	if err != nil {
		return nil, s.articleProblem(ctx, err)
	}
	return &struct{}{}, nil
}

// key returns the slug and the language of the path.
func (in *ArticleKey) key() (slug, locale string, err error) {
	slug, unescapeErr := url.PathUnescape(in.Slug)
	locale, ok := retrieval.Locale(in.Locale)
	if unescapeErr != nil || !ok || !storableText(slug) {
		return "", "", newProblem(kindNotFound, kindNamed(kindNotFound).detail)
	}
	return slug, locale, nil
}

func storableText(text string) bool { return storable("slug", text) == nil }

func (r ArticleTextRequest) article(slug, locale string) retrieval.Article {
	a := retrieval.Article{
		Audience: retrieval.Audience(r.Audience), Body: r.Body, Category: r.Category, Intents: r.Intents, Jurisdictions: r.Jurisdictions,
		Locale: locale, Slug: slug, Status: retrieval.Status(r.Status), Title: r.Title,
	}
	a.ReviewBy, _ = time.Parse(time.DateOnly, r.ReviewBy) // the schema has checked it
	return a
}

// articleView is what those read who do not write.
func articleView(a retrieval.StoredArticle) Article {
	view := Article{
		Audience: string(a.Audience), Body: a.Body, Category: a.Category, ChangedAt: a.UpdatedAt, Intents: append([]string{}, a.Intents...),
		Jurisdictions: append([]string{}, a.Jurisdictions...), Live: true, Locale: a.Locale, Slug: a.Slug, Status: string(a.Status),
		Title: a.Title, Version: a.Version,
	}
	if a.ReviewBy != nil {
		view.ReviewBy = a.ReviewBy.Format(time.DateOnly)
	}
	return view
}

func invalidField(field, message string) *Problem {
	p := newProblem(kindInvalid, kindNamed(kindInvalid).detail)
	p.Errors = []FieldError{{Field: field, Message: message}}
	return p
}

// articleProblem turns an error of the knowledge base into a problem.
func (s *server) articleProblem(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*retrieval.Problem](err); ok {
		return invalidField(p.Field, p.Fix) // what it says beside the fix may repeat the value
	}
	switch {
	case errors.Is(err, retrieval.ErrArticleNotFound), errors.Is(err, retrieval.ErrVersionNotFound):
		return newProblem(kindNotFound, kindNamed(kindNotFound).detail)
	case errors.Is(err, retrieval.ErrVersionConflict):
		return newProblem(kindConflict, "The article has another version by now, or exists already. Read it again, then decide again.")
	case errors.Is(err, retrieval.ErrRedirectCycle):
		return newProblem(kindConflict, "The redirect would lead back to itself through other redirects.")
	case errors.Is(err, retrieval.ErrRedirectInUse):
		return newProblem(kindConflict, "An article has that slug. Delete or rename it first.")
	case errors.Is(err, retrieval.ErrModelSwitched), errors.Is(err, retrieval.ErrNotRegistered):
		return newProblem(kindUnavailable, kindNamed(kindUnavailable).detail)
	}
	return s.problemOf(ctx, err)
}

// articleCursor is a place in the list of articles.
type articleCursor struct {
	Locale string `json:"l"`
	Slug   string `json:"s"`
}

func formatArticleCursor(cursor articleCursor) string {
	encoded, _ := json.Marshal(cursor) //nolint:errchkjson // two texts always encode
	return base64.RawURLEncoding.EncodeToString(encoded)
}

func parseArticleCursor(text string) (cursor articleCursor, ok bool) {
	if text == "" {
		return cursor, true
	}
	encoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || json.Unmarshal(encoded, &cursor) != nil {
		return cursor, false
	}
	return cursor, formatArticleCursor(cursor) == text && !strings.ContainsRune(cursor.Slug+cursor.Locale, 0)
}
