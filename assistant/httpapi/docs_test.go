package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocsShowEveryOperationAndLoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	page := s.do(t, call{path: "/docs"})
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "text/html; charset=utf-8", page.headers.Get("Content-Type"))
	require.NotContains(t, page.body, "<script")
	require.Empty(t, regexp.MustCompile(`(src|href)="(https?:)?//`).FindString(page.body))
	require.Contains(t, page.headers.Get("Content-Security-Policy"), "style-src 'self'")

	var description struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	asJSON := s.do(t, call{path: "/openapi.json"})
	require.NoError(t, json.Unmarshal([]byte(asJSON.body), &description))
	require.Len(t, description.Paths, 93)
	for path, operations := range description.Paths {
		for _, operation := range operations {
			require.Contains(t, page.body, path)
			require.Contains(t, page.body, `id="`+operation.OperationID+`"`)
		}
	}
}

func TestProblemTypesAreExplained(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	page := s.do(t, call{path: "/docs"}).body
	for _, name := range []string{
		"bad_request", "conflict", "forbidden", "internal", "invalid", "key_reused", "not_found", "unauthorized", "unavailable",
	} {
		require.Contains(t, page, `id="problem-`+name+`"`)
	}
}
