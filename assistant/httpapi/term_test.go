package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/retrieval/terms"
)

func tsv() map[string]string { return map[string]string{"Content-Type": "text/tab-separated-values"} }

func tbx() map[string]string { return map[string]string{"Content-Type": "application/x-tbx"} }

// entries counts what the audit log says of terms.
func (s *system) termEntries(t *testing.T) int {
	t.Helper()
	var n int
	require.NoError(t, s.row(`SELECT count(*) FROM audit_log WHERE subject_kind = 'terms'`).Scan(&n))
	return n
}

func TestLeadsKeepTheDesksTerms(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	do := func(c call) reply {
		c.key = s.lead
		return s.do(t, c)
	}
	imported := func(c call) httpapi.TermChanges { return decode[httpapi.TermChanges](t, do(c), http.StatusOK) }
	listed := func(query string) httpapi.TermList {
		return decode[httpapi.TermList](t, do(call{path: "/v1/terms" + query}), http.StatusOK)
	}
	file := call{body: "en\tzh-Hans\tar\npiggy vault|savings jar\t小猪金库\tحصالة\nbell\t铃铛\tجرس\n", headers: tsv(), path: "/v1/terms/import"}

	dry := file
	dry.path += "?dry_run=true"
	require.Equal(t, []string{"piggy-vault", "bell"}, imported(dry).Added)
	require.Empty(t, listed("").Concepts)
	require.Zero(t, s.termEntries(t))

	require.Equal(t, []string{"piggy-vault", "bell"}, imported(file).Added)
	require.Equal(t, 1, s.termEntries(t))
	again := imported(file)
	require.Empty(t, again.Added)
	require.Equal(t, []string{"piggy-vault", "bell"}, again.Unchanged)
	require.Equal(t, 1, s.termEntries(t), "what changed nothing is no change")

	first := listed("?limit=1")
	require.Equal(t, []httpapi.ConceptView{{Concept: "bell", Terms: map[string][]string{"ar": {"جرس"}, "en": {"bell"}, "zh-Hans": {"铃铛"}}}}, first.Concepts)
	require.Equal(t, "piggy-vault", listed("?after=" + first.Next).Concepts[0].Concept)
	require.Empty(t, listed("?after="+first.Next).Next)

	set := decode[httpapi.ConceptView](t, do(call{
		body: `{"terms":{"zh-CN":["提醒"],"en":["  price   alert","chime"]}}`, method: http.MethodPut, path: "/v1/terms/price-alert",
	}), http.StatusOK)
	require.Equal(t, httpapi.ConceptView{
		Concept: "price-alert", Terms: map[string][]string{"en": {"price alert", "chime"}, "zh-Hans": {"提醒"}},
	}, set)
	require.Len(t, listed("").Concepts, 3)

	for format, headers := range map[string]map[string]string{"tsv": tsv(), "tbx": tbx()} {
		out := do(call{path: "/v1/terms/export?format=" + format})
		require.Equal(t, http.StatusOK, out.status)
		require.True(t, strings.HasPrefix(out.headers.Get("Content-Type"), headers["Content-Type"]))
		require.Equal(t, `attachment; filename="terms.`+format+`"`, out.headers.Get("Content-Disposition"))
		changed := imported(call{body: out.body, headers: headers, path: "/v1/terms/import"})
		require.Len(t, changed.Unchanged, 3, "an export imports as unchanged")
		require.Empty(t, append(changed.Added, changed.Updated...))
	}

	require.Equal(t, http.StatusNoContent, do(call{method: http.MethodDelete, path: "/v1/terms/bell"}).status)
	problem(t, do(call{method: http.MethodDelete, path: "/v1/terms/bell"}), http.StatusNotFound)
	require.Len(t, listed("").Concepts, 2)
	require.Equal(t, 3, s.termEntries(t))

	arabic := "/v1/terms/" + url.PathEscape("حصالة")
	decode[httpapi.ConceptView](t, do(call{body: `{"terms":{"ar":["حصالة"]}}`, method: http.MethodPut, path: arabic}), http.StatusOK)
	require.Equal(t, http.StatusNoContent, do(call{method: http.MethodDelete, path: arabic}).status)
}

func TestBadTermsAreNamedAndChangeNothing(t *testing.T) { //nolint:tparallel // what they changed is counted after them
	t.Parallel()

	s := newSystem(t, options{})
	put := func(concept, body string) call {
		return call{body: body, method: http.MethodPut, path: "/v1/terms/" + concept}
	}
	upload := func(body string, headers map[string]string) call {
		return call{body: body, headers: headers, path: "/v1/terms/import"}
	}
	const secret = "sentinel"
	for name, test := range map[string]struct {
		call           call
		field, message string
		status         int
	}{
		"a cell too few":         {upload("en\tzh\nfee\n"+secret, tsv()), "body", "line 2: separate the languages by tabs", 422},
		"no language":            {upload(secret+"???\nfee", tsv()), "body", "line 1: begin the file with a line of language tags", 422},
		"not UTF-8":              {upload("en\n\xff\xfe", tsv()), "body", "line 2: save the file as UTF-8", 422},
		"nothing":                {upload("en\n", tsv()), "body", "line 2: add at least one concept", 422},
		"an entity":              {upload(`<!DOCTYPE x [<!ENTITY a "`+secret+`">]><tbx></tbx>`, tbx()), "body", "line 1: take the part in [ ] out", 422},
		"broken XML":             {upload("<tbx><"+secret, tbx()), "body", "line 1: export it again as TBX in UTF-8", 422},
		"another type":           {upload("en\nfee", map[string]string{"Content-Type": "application/json"}), "", "", 415},
		"no type at all":         {upload("en\nfee", map[string]string{"Content-Type": "/"}), "", "", 415},
		"another name":           {put("other", `{"terms":{"en":["fee"]}}`), "concept", "name it after its first English term", 422},
		"a broken escape":        {put("%2500", `{"terms":{"en":["fee"]}}`), "concept", "name it after its first English term", 422},
		"no term":                {put("fee", `{"terms":{"en":[]}}`), "terms", "add what people type for it", 422},
		"a bar":                  {put("fee", `{"terms":{"en":["fee|`+secret+`"]}}`), "terms", "write two terms", 422},
		"a language that is not": {put("fee", `{"terms":{"`+secret+`???":["fee"]}}`), "terms", "use language tags like en, zh-Hans, es", 422},
		"a long term":            {put("fee", `{"terms":{"en":["`+strings.Repeat("x", 101)+`"]}}`), "terms", "list what people type, not definitions", 422},
		"an unknown format":      {call{path: "/v1/terms/export?format=csv"}, "format", "", 422},
	} {
		t.Run(name, func(t *testing.T) {
			test.call.key = s.lead
			r := s.do(t, test.call)
			p := problem(t, r, test.status)
			require.NotContains(t, r.body, secret)
			if test.field != "" {
				require.Equal(t, test.field, p.Errors[0].Field)
				require.Contains(t, p.Errors[0].Message, test.message)
			}
		})
	}
	require.Zero(t, s.termEntries(t))
}

func TestAFileOfAllTermsThatADeskCanHaveIsTakenAndNoMore(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	var file strings.Builder
	file.WriteString("en\n")
	for i := range terms.MaxConcepts {
		file.WriteString("term " + strings.Repeat("i", i%50) + string(rune('a'+i%26)) + " " + url.QueryEscape(string(rune(0x4e00+i))) + "\n")
	}
	require.Greater(t, file.Len(), 64<<10)
	full := decode[httpapi.TermChanges](t, s.do(t, call{body: file.String(), headers: tsv(), key: s.lead, path: "/v1/terms/import"}), http.StatusOK)
	require.Len(t, full.Added, terms.MaxConcepts)
	p := problem(t, s.do(t, call{body: `{"terms":{"en":["one more"]}}`, key: s.lead, method: http.MethodPut, path: "/v1/terms/one-more"}), 422)
	require.Contains(t, p.Errors[0].Message, "remove some first")
}
