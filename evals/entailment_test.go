package evals_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/evals"
)

// entailmentArticles are two articles in two languages.
func entailmentArticles() fstest.MapFS {
	article := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("---\ntitle: x\n---\n" + text + "\n")}
	}
	return fstest.MapFS{
		"en/a.md": article("A fee is charged for every withdrawal."), "de/a.md": article("Für jede Auszahlung wird eine Gebühr erhoben."),
		"en/b.md": article("Codes are valid for a short time."), "de/b.md": article("Codes gelten nur für kurze Zeit."),
	}
}

func TestEntailmentsAreHeldAgainstOtherLanguages(t *testing.T) {
	t.Parallel()
	rows, err := evals.ReadEntailments(strings.NewReader("kind\tarticles\ten\tde\ntrue\ta\tWithdrawing costs a fee.\t\nlie\ta,b\t\tGold ist billig.\n"),
		entailmentArticles(), 1)
	require.NoError(t, err)
	count := make(map[string]int)
	for _, row := range rows {
		require.NotEqual(t, row.Lang, row.SourceLanguage)
		require.NotEmpty(t, row.Passages)
		count[row.Kind]++
	}
	require.Equal(t, map[string]int{evals.EntailTrue: 1, evals.EntailOther: 1, evals.EntailLie: 2, evals.EntailArticle: 4}, count)

	g, err := guard.New()
	require.NoError(t, err)
	report := evals.Entailment(g, rows)
	require.Equal(t, 2, report.Kinds[evals.EntailLie].Stopped.Hits, "without vectors nothing passes")
	require.Equal(t, 1, report.Pairs["de>en"][evals.EntailArticle].Stopped.N/2)
}

func TestMistakesInATableOfEntailmentsAreToldWithTheirLine(t *testing.T) {
	t.Parallel()
	for table, problem := range map[string]string{
		"id\tx\n":                              "line 1",
		"kind\tarticles\ten\ntrue\ta\n":        "line 2: 2 columns",
		"kind\tarticles\ten\nmaybe\ta\tx\n":    `line 2: kind "maybe"`,
		"kind\tarticles\ten\ntrue\tnone\tx.\n": `line 2: "none" is no article`,
	} {
		_, err := evals.ReadEntailments(strings.NewReader(table), entailmentArticles(), 1)
		require.ErrorContains(t, err, problem)
	}
}
