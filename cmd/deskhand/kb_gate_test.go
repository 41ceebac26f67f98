package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func TestImportGateStopsAnArticleThatMakesAnAnswerWrong(t *testing.T) {
	t.Parallel()

	suite := smallSuite(t)
	suite.Cases[0].Expect.MustContain = []string{"0.12"}
	article, err := os.ReadFile(filepath.Join(suite.KB, "fees.md"))
	require.NoError(t, err)
	a := testApp(t, config{RequestDeadline: 20 * time.Second})
	require.NoError(t, onSystem(t.Context(), a, pgtest.EmptyURL(t), func(desk *system) error {
		require.NoError(t, importArticles(t.Context(), a, desk.index, must(files.Path(suite.KB)), retrieval.ImportOptions{Source: suite.KB}))
		for name, test := range map[string]struct {
			change func(string) string
			passed bool
		}{
			"Broken":    {func(text string) string { return strings.ReplaceAll(text, "0.12", "0.21") }, false},
			"Reworded":  {func(text string) string { return text + "Maker orders cost less.\n" }, true},
			"Unchanged": {func(text string) string { return text }, true},
		} {
			require.NoError(t, os.WriteFile(filepath.Join(suite.KB, "fees.md"), []byte(test.change(string(article))), 0o600))
			source, err := files.Open(suite.KB, files.Options{})
			require.NoError(t, err)
			require.NoError(t, onSystem(t.Context(), a, pgtest.EmptyURL(t), func(copied *system) error {
				gate, err := kbImportCmd{}.decide(t.Context(), gatedImport{
					copied: copied, desk: desk, jobs: []importJob{{path: suite.KB, source: source}}, suite: suite,
				})
				require.NoError(t, err)
				require.Equal(t, test.passed, gate.Passed, "%s: %v", name, gate.Findings)
				return nil
			}))
		}
		stored, err := desk.index.Article(t.Context(), "trading-fees", "en")
		require.NoError(t, err)
		require.Contains(t, stored.Body, "0.12", "the gate itself imports nothing into the desk")
		return nil
	}))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
