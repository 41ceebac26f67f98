package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestOwnTermsLiveOnTheCommandLine(t *testing.T) {
	t.Parallel()

	m := terminal{t: t, url: pgtest.EmptyURL(t)}
	folder := t.TempDir()
	write(t, folder, "vault.md", "---\nslug: vault\nlocale: en\ntitle: Save coins\nreview_by: 2099-12-31\n---\nPut coins into the piggy vault.")
	write(t, folder, "german.md", "---\nslug: german\nlocale: en\ntitle: Vault complaints\nreview_by: 2099-12-31\njurisdictions: [DE]\n---\nWrite to the vault's regulator.")
	m.do(exitOK, "kb", "import", folder)
	file := filepath.Join(folder, "terms.tsv")
	write(t, folder, "terms.tsv", "en\tzh-Hans\npiggy vault\t小猪金库\n")

	out, _ := m.do(exitOK, "kb", "terms", "import", "--dry-run", file)
	require.Equal(t, "concepts: 1 would be added, 0 would be updated, 0 unchanged, 0 would be removed; 0 articles analysed again\n", out)
	out, _ = m.do(exitOK, "kb", "terms", "import", file)
	require.Equal(t, "concepts: 1 added, 0 updated, 0 unchanged, 0 removed; 2 articles analysed again\n", out)
	out, _ = m.do(exitOK, "kb", "terms", "import", file)
	require.Equal(t, "concepts: 0 added, 0 updated, 1 unchanged, 0 removed; 0 articles analysed again\n", out)

	out, _ = m.do(exitOK, "search", "--explain", "小猪金库")
	require.Contains(t, out, "= t:piggy-vault")
	require.Contains(t, out, "1. Save coins [vault en, version 1]")
	require.Contains(t, out, "matched t:piggy-vault")
	out, _ = m.do(exitOK, "ask", "--explain", "how does the piggy vault work")
	require.Contains(t, out, "= t:piggy-vault")

	tbx := filepath.Join(folder, "terms.tbx")
	m.do(exitOK, "kb", "terms", "export", tbx)
	out, _ = m.do(exitOK, "kb", "terms", "import", "--json", tbx)
	require.JSONEq(t, `{"added":[],"articles_analysed":0,"removed":[],"unchanged":["piggy-vault"],"updated":[]}`, out)
	out, _ = m.do(exitOK, "kb", "terms", "list")
	require.Contains(t, out, "piggy-vault  zh-Hans  小猪金库")
	out, _ = m.do(exitOK, "kb", "terms", "remove", "piggy-vault")
	require.Contains(t, out, "1 removed; 2 articles analysed again")
	m.do(exitUsage, "kb", "terms", "remove", "piggy-vault")

	write(t, folder, "bad.tsv", "en\tzh\nfee\n")
	_, errs := m.do(exitUsage, "kb", "terms", "import", filepath.Join(folder, "bad.tsv"))
	require.Contains(t, errs, "bad.tsv: line 2: it has 1 columns, the first line has 2; separate the languages by tabs")

	slugs := func(args ...string) []string {
		out, _ := m.do(exitOK, append([]string{"search", "--json", "vault complaints"}, args...)...)
		var found httpapi.SearchResults
		require.NoError(t, json.Unmarshal([]byte(out), &found))
		var slugs []string
		for _, hit := range found.Hits {
			slugs = append(slugs, hit.Article.Slug)
		}
		return slugs
	}
	require.Contains(t, slugs(), "german")
	require.Contains(t, slugs("--audience", "public", "--jurisdiction", "DE"), "german")
	require.NotContains(t, slugs("--audience", "public"), "german")
	require.NotContains(t, slugs("--jurisdiction", "BR"), "german")
	m.do(exitUsage, "search", "--jurisdiction", "XX", "vault")
	m.do(exitUsage, "search", "--limit", "0", "vault")
}
