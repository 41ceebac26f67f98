package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/httpapi/apitest"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/retrieval"
)

// applyArticles runs the jobs of articles until the test ends.
func (s *system) applyArticles(t *testing.T) {
	t.Helper()
	pool, err := postgres.Open(t.Context(), s.url)
	require.NoError(t, err)
	workers, err := jobs.NewWorkers(pool, s.pipeline, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, workers.AddArticles(s.index))
	require.NoError(t, workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		require.NoError(t, workers.Stop(ctx))
		pool.Close()
	})
}

func (s *system) found(t *testing.T, text, locale string) string {
	t.Helper()
	results, err := s.index.Search(t.Context(), retrieval.Query{Limit: 1, Locale: locale, Now: time.Now(), Text: text})
	require.NoError(t, err)
	if len(results.Hits) == 0 {
		return ""
	}
	return results.Hits[0].Passage.Body
}

func articleBody(t *testing.T, fields map[string]any) string {
	t.Helper()
	encoded, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(encoded)
}

func TestALeadWritesAnArticleAndSearchesFindItWhenItIsEmbedded(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ locale, slug, title, one, two, query string }{
		{"en", "price/alerts#new", "Set a price alert", "Touch the bell beside the price.", "Touch the clock beside the price.", "price alert bell"},
		{"zh-Hans", "价格提醒", "设置价格提醒", "点击价格旁边的铃铛图标。", "点击价格旁边的时钟图标。", "价格提醒 铃铛"},
		{"ar", "price-alerts", "تنبيه السعر", "المس الجرس بجانب السعر.", "المس الساعة بجانب السعر.", "تنبيه السعر الجرس"},
	} {
		t.Run(c.locale, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, options{})
			path := "/v1/articles/" + url.PathEscape(c.slug) + "/" + c.locale

			fields := map[string]any{"slug": c.slug, "locale": c.locale, "title": c.title, "body": c.one, "review_by": "2030-01-31"}
			created := decode[httpapi.Article](t, s.do(t, call{body: articleBody(t, fields), key: s.admin, path: "/v1/articles"}), http.StatusCreated)
			require.Equal(t, 1, created.Version)
			require.False(t, created.Live)
			require.Equal(t, "2030-01-31", created.ReviewBy)
			problem(t, s.do(t, call{body: articleBody(t, fields), key: s.admin, path: "/v1/articles"}), http.StatusConflict)
			problem(t, s.do(t, call{key: s.widget, path: path}), http.StatusNotFound)
			require.NotEqual(t, c.one, s.found(t, c.query, c.locale))

			s.applyArticles(t)
			require.Eventually(t, func() bool { return s.found(t, c.query, c.locale) == c.one }, patience, 20*time.Millisecond)
			require.Equal(t, c.one, decode[httpapi.Article](t, s.do(t, call{key: s.widget, path: path}), http.StatusOK).Body)

			update := articleBody(t, map[string]any{"title": c.title, "body": c.two, "version": 1})
			changed := decode[httpapi.Article](t, s.do(t, call{body: update, key: s.admin, method: http.MethodPut, path: path}), http.StatusOK)
			require.Equal(t, 2, changed.Version)
			problem(t, s.do(t, call{body: update, key: s.admin, method: http.MethodPut, path: path}), http.StatusConflict)
			require.Eventually(t, func() bool { return s.found(t, c.query, c.locale) == c.two }, patience, 20*time.Millisecond)

			history := decode[httpapi.VersionList](t, s.do(t, call{key: s.admin, path: path + "/versions"}), http.StatusOK)
			require.Len(t, history.Versions, 2)
			require.NotEmpty(t, history.Versions[0].ChangedBy)
			require.True(t, history.Versions[0].Live)
			first := decode[httpapi.Article](t, s.do(t, call{key: s.admin, path: path + "/versions/1"}), http.StatusOK)
			require.Equal(t, c.one, first.Body)

			problem(t, s.do(t, call{key: s.admin, method: http.MethodDelete, path: path + "?version=1"}), http.StatusConflict)
			require.Equal(t, http.StatusNoContent, s.do(t, call{key: s.admin, method: http.MethodDelete, path: path + "?version=2"}).status)
			problem(t, s.do(t, call{key: s.admin, path: path}), http.StatusNotFound)
			require.NotEqual(t, c.two, s.found(t, c.query, c.locale))

			var actions string
			require.NoError(t, s.row(`SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE subject_kind = 'article'`).Scan(&actions))
			require.Equal(t, "article.create article.update article.remove", actions)
		})
	}
}

func TestCustomersReadWhatIsPublishedForThem(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	for slug, fields := range map[string]map[string]any{
		"archived": {"status": "archived"}, "draft": {"status": "draft"}, "internal": {"audience": "internal"}, "stale": {"review_by": "2020-01-31"},
	} {
		fields["slug"], fields["locale"], fields["title"], fields["body"] = slug, "en", "Text", "Text about "+slug
		s.do(t, call{body: articleBody(t, fields), key: s.admin, path: "/v1/articles"})
		_, err := s.index.Apply(t.Context(), slug, "en")
		require.NoError(t, err)
	}
	slugs := func(key string) []string {
		var names []string
		list := decode[httpapi.ArticleList](t, s.do(t, call{key: key, path: "/v1/articles?locale=en"}), http.StatusOK)
		for _, a := range list.Articles {
			names = append(names, a.Slug)
			status := s.do(t, call{key: key, path: "/v1/articles/" + a.Slug + "/en"}).status
			require.Equal(t, http.StatusOK, status)
			if key != s.admin {
				require.Empty(t, a.ChangedBy+a.Source)
			}
		}
		return names
	}
	require.Equal(t, []string{"deposit-missing-memo", "trading-fees", "withdrawal-pending"}, slugs(s.widget))
	require.Equal(t, []string{"deposit-missing-memo", "internal", "stale", "trading-fees", "withdrawal-pending"}, slugs(s.agent))
	require.Equal(t, []string{"archived", "deposit-missing-memo", "draft", "internal", "stale", "trading-fees", "withdrawal-pending"}, slugs(s.admin))
	for _, slug := range []string{"draft", "internal", "stale", "archived"} {
		problem(t, s.do(t, call{key: s.widget, path: "/v1/articles/" + slug + "/en"}), http.StatusNotFound)
	}
}

func TestArticlesAreListedInPages(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	for _, key := range []string{s.admin, s.widget} {
		whole := decode[httpapi.ArticleList](t, s.do(t, call{key: key, path: "/v1/articles"}), http.StatusOK)
		require.Len(t, whole.Articles, apitest.Articles)
		require.Empty(t, whole.NextCursor)
		var paged []httpapi.Article
		path := "/v1/articles?limit=4"
		for path != "" {
			page := decode[httpapi.ArticleList](t, s.do(t, call{key: key, path: path}), http.StatusOK)
			paged = append(paged, page.Articles...)
			if path = ""; page.NextCursor != "" {
				path = "/v1/articles?limit=4&cursor=" + page.NextCursor
			}
		}
		require.Equal(t, whole.Articles, paged)
	}
	problem(t, s.do(t, call{key: s.admin, path: "/v1/articles?cursor=" + marker}), http.StatusBadRequest)
}

func TestABadArticleIsRefusedByFieldWithoutItsText(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	for field, value := range map[string]any{
		"audience": marker, "body": "\x00" + marker, "intents": []string{marker + "!"}, "jurisdictions": []string{marker}, "locale": marker,
		"review_by": marker, "slug": "/" + marker, "status": marker, "title": " ", "unknown": marker,
	} {
		fields := map[string]any{"slug": "a", "locale": "en", "title": "A", "body": "B"}
		fields[field] = value
		r := s.do(t, call{body: articleBody(t, fields), key: s.admin, path: "/v1/articles"})
		p := problem(t, r, http.StatusUnprocessableEntity)
		require.Len(t, p.Errors, 1, field)
		require.True(t, strings.HasPrefix(p.Errors[0].Field, field), "%s: %s", field, r.body)
		require.NotContains(t, r.body, marker)
	}
}

func TestALongArticleNeedsALeadsKey(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	body := func(n int) string {
		return articleBody(t, map[string]any{"slug": "long", "locale": "en", "title": "Long", "body": strings.Repeat("word ", n/5), "status": "draft"})
	}
	require.Equal(t, http.StatusCreated, s.do(t, call{body: body(1 << 20), key: s.lead, path: "/v1/articles"}).status)
	problem(t, s.do(t, call{body: body(3 << 20), key: s.admin, path: "/v1/articles"}), http.StatusUnprocessableEntity)
	address := s.listen(t)
	for _, test := range []struct {
		key, path string
		length    int
	}{
		{s.widget, "/v1/articles", 1 << 20},
		{s.agent, "/v1/terms/import", 1 << 20},
		{s.lead, "/v1/terms", 1 << 20},
		{s.admin, "/v1/articles", 5 << 20},
		{s.admin, "/v1/answers", 1 << 20},
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", test.path, test.key, test.length)
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode, test)
	}
}

func TestEarlierSlugsLeadToTheirArticle(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	set := func(old, slug string) reply {
		body := fmt.Sprintf(`{"slug":%q}`, slug)
		return s.do(t, call{body: body, key: s.admin, method: http.MethodPut, path: "/v1/redirects/" + url.PathEscape(old)})
	}
	require.Equal(t, http.StatusNoContent, set("old/fees", "trading-fees").status)
	require.Equal(t, http.StatusNoContent, set("older", "old/fees").status)
	problem(t, set("trading-fees", "older"), http.StatusConflict)
	for _, key := range []string{s.widget, s.admin} {
		got := decode[httpapi.Article](t, s.do(t, call{key: key, path: "/v1/articles/older/en"}), http.StatusOK)
		require.Equal(t, "trading-fees", got.Slug)
		require.Equal(t, "older", got.RedirectedFrom)
	}
	list := decode[httpapi.RedirectList](t, s.do(t, call{key: s.admin, path: "/v1/redirects"}), http.StatusOK)
	require.Len(t, list.Redirects, 2)
	require.Equal(t, http.StatusNoContent, s.do(t, call{key: s.admin, method: http.MethodDelete, path: "/v1/redirects/old%2Ffees"}).status)
	problem(t, s.do(t, call{key: s.admin, path: "/v1/articles/older/en"}), http.StatusNotFound)
}
