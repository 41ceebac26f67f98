package files_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func TestParseMarkdownReadsEveryField(t *testing.T) {
	t.Parallel()
	text := "\ufeff---\r\nslug: deposit-missing-memo\r\nlocale: zh-CN\r\ntitle: \"充值: 忘记备注\"\r\ncategory: deposit\r\n" +
		"intents: [deposit.missing_memo, deposit.not_credited]\r\naudience: internal\r\nstatus: draft\r\nreview_by: 2027-01-31\r\njurisdictions:\r\n  - DE\r\n  - BR\r\n---\r\n\r\n正文。\r\n"
	a, err := files.ParseMarkdown("a.md", []byte(text))
	require.NoError(t, err)
	require.Equal(t, retrieval.Article{
		Audience:      retrieval.AudienceInternal,
		Body:          "正文。",
		Category:      "deposit",
		File:          "a.md",
		Intents:       []string{"deposit.missing_memo", "deposit.not_credited"},
		Jurisdictions: []string{"DE", "BR"},
		Line:          1,
		Locale:        "zh-Hans",
		ReviewBy:      time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		Slug:          "deposit-missing-memo",
		Status:        retrieval.StatusDraft,
		Title:         "充值: 忘记备注",
	}, a)
}

func TestParseMarkdownNamesFileLineFieldAndFix(t *testing.T) {
	t.Parallel()
	const good = "slug: a\nlocale: en\ntitle: A\n"
	for name, c := range map[string]struct{ text, want string }{
		"bad date":       {"---\n" + good + "review_by: 31.01.2027\n---\nText.", `x.md:5: review_by: "31.01.2027" is not a date; write it as 2027-01-31`},
		"bad intent":     {"---\n" + good + "intents: [Fees!]\n---\nText.", `x.md:1: intents: "Fees!" is not an intent; use ids like deposit.not_credited`},
		"bad locale":     {"---\nslug: a\nlocale: klingonish-x\ntitle: A\n---\nText.", `x.md:3: locale: "klingonish-x" is not a language; use a BCP 47 tag like en, zh-Hans or pt`},
		"bad status":     {"---\n" + good + "status: live\n---\nText.", `x.md:5: status: "live" is unknown; use one of draft, published, archived`},
		"empty body":     {"---\n" + good + "---\n\n", `x.md:1: body: is empty; write the article below the front matter`},
		"given twice":    {"---\n" + good + "category: x\ncategory: y\n---\nText.", `x.md`},
		"intents a text": {"---\n" + good + "intents: fees\n---\nText.", `x.md:5: intents: is not a list; write it as [one, two]`},
		"missing title":  {"---\nslug: a\nlocale: en\n---\nText.", `x.md:1: title: is missing; add the question or topic that the article answers`},
		"no end":         {"---\n" + good, `x.md:1: the front matter does not end; close it with a line of ---`},
		"no matter":      {"# A\n\nText.", `x.md:1: has no front matter; begin the file with a line of --- and the fields slug, locale, title, category, intents, audience, status, review_by, jurisdictions, redirects`},
		"not yaml":       {"---\n" + good + "category: [a\n---\nText.", `x.md:5`},
		"unknown field":  {"---\n" + good + "tags: [a]\n---\nText.", `x.md:5: tags: is not a known field; use one of slug, locale, title, category, intents, audience, status, review_by, jurisdictions, redirects`},
		"utf-16":         {"\xff\xfe-\x00\x00\xd8", `x.md: is not valid UTF-16; save the file as UTF-8`},
		"too large":      {"---\n" + good + "---\n" + strings.Repeat("x", retrieval.MaxArticleBytes+1), `x.md:1: body: has 2097153 bytes; split the article: at most 2 MB are taken`},
	} {
		_, err := files.ParseMarkdown("x.md", []byte(c.text))
		require.Error(t, err, name)
		var problem *retrieval.Problem
		require.ErrorAs(t, err, &problem, name)
		require.True(t, strings.HasPrefix(err.Error(), c.want), "%s: %s", name, err)
	}
}

func FuzzParseMarkdown(f *testing.F) {
	f.Add([]byte("---\nslug: a\nlocale: en\ntitle: A\nintents: [a.b]\nreview_by: 2027-01-31\n---\n# A\n\n1. One\n   - Two\n\n| a | b |\n|---|---|\n| c | d |\n"))
	f.Add([]byte("---\n---\n"))
	f.Add([]byte("---\n? [a]\n: b\n---\nx"))
	f.Add([]byte("---\na: &x [*x]\n---\nx"))
	f.Add([]byte("---\nslug: !!binary x\ntitle: |\n  a\n---"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := files.ParseMarkdown("f.md", content)
		if err != nil {
			var problem *retrieval.Problem
			require.ErrorAs(t, err, &problem)
			require.NotEmpty(t, problem.Message)
			return
		}
		require.NoError(t, a.Validate())
	})
}
