package httpapi_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

func TestAgentsSearchWithEvidence(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	for locale, text := range map[string]string{"en": "withdrawal pending", "zh-Hans": "提币没到账", "ar": "السحب معلق"} {
		path := "/v1/search?limit=2&locale=" + locale + "&q=" + url.QueryEscape(text)
		found := decode[httpapi.SearchResults](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK)
		require.NotEmpty(t, found.Hits)
		require.LessOrEqual(t, len(found.Hits), 2)
		hit := found.Hits[0]
		require.Equal(t, "withdrawal-pending", hit.Article.Slug)
		require.Equal(t, locale, hit.Article.Locale)
		require.Positive(t, hit.Article.Version)
		require.NotEmpty(t, hit.Passage.Body)
		require.Positive(t, hit.Evidence.DenseRank)
		require.Contains(t, hit.Evidence.MatchedTerms, "t:withdrawal")
		require.NotEmpty(t, found.Terms)
		require.NotEmpty(t, found.Model)
		require.Positive(t, found.KBVersion)
	}
}

func TestSearchTakesSecretsOutFirst(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	secret := "legal winner thank year wave sausage worth useful legal winner thank yellow"
	r := s.do(t, call{key: s.agent, path: "/v1/search?q=" + url.QueryEscape("withdrawal pending, my phrase: "+secret)})
	found := decode[httpapi.SearchResults](t, r, http.StatusOK)
	require.NotEmpty(t, found.Redactions)
	require.NotContains(t, r.body, "sausage")
	require.NotContains(t, s.log.String(), "sausage")
	require.NotContains(t, s.log.String(), "pending", "what is searched for is in no log")
}

func TestSearchNamesTheParameterAtFault(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	for query, field := range map[string]string{
		"":                        "q",
		"?q=":                     "q",
		"?q=x&limit=0":            "limit",
		"?q=x&limit=51":           "limit",
		"?q=x&audience=everybody": "audience",
		"?q=x&locale=xx-":         "locale",
		"?q=x&jurisdiction=XX":    "jurisdiction",
		"?q=x&jurisdiction=DEU":   "jurisdiction",
		"?q=x&language=en":        "language",
	} {
		p := problem(t, s.do(t, call{key: s.agent, path: "/v1/search" + query}), http.StatusUnprocessableEntity)
		require.Contains(t, p.Errors[0].Field, field, query)
	}
}
