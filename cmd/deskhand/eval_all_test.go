package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/migrations"
)

// TestSummaryInReadmeIsOfTheSuitesAsTheyAre fails when a suite was changed, or a table edited, after "make eval".
func TestSummaryInReadmeIsOfTheSuitesAsTheyAre(t *testing.T) {
	t.Parallel()

	const manifestFile = "../../evals/suites/all.yaml"
	content, err := os.ReadFile(manifestFile)
	require.NoError(t, err)
	manifest, err := evals.ParseManifest(content, manifestFile)
	require.NoError(t, err)
	for target, kept := range map[string]struct{ document, figures string }{
		"make eval":         {"../../README.md", "summary.json"},
		"make eval-standin": {"../../evals/suites/README.md", "summary-standin.json"},
	} {
		saved, err := os.ReadFile(filepath.Join("../../evals/suites", kept.figures))
		require.NoError(t, err)
		var summary evals.Summary
		require.NoError(t, json.Unmarshal(saved, &summary))
		require.Len(t, summary.Suites, len(manifest.Suites), "run %s", target)
		for i, listed := range manifest.Suites {
			suite, err := listed.Open()
			require.NoError(t, err)
			got := summary.Suites[i]
			require.Equal(t, []string{suite.Name, string(listed.Half), suite.Hash()}, []string{got.Name, string(got.Half), got.Hash},
				"%s was changed: run %s", listed.File, target)
			require.Equal(t, len(suite.Cases), got.Figures["pass_rate"].N)
		}
		readme, err := os.ReadFile(kept.document)
		require.NoError(t, err)
		_, replaced, err := summary.Between(string(readme))
		require.NoError(t, err)
		require.Equal(t, replaced, string(readme), "the table is not that of %s: run %s", kept.figures, target)
	}
}

func TestSuitesAreAsLargeAndAsManyTonguedAsTheySay(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ cases, locales, tagged int }{
		"answers.yaml": {400, 14, 100}, "conversations.yaml": {60, 14, 0}, "abuse.yaml": {60, 14, 0},
	} {
		suite, err := readSuite(filepath.Join("../../evals/suites", name))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(suite.Cases), test.cases)
		locales, tagged := make(map[string]bool), 0
		for _, c := range suite.Cases {
			locales[c.Locale] = true
			tagged += len(c.Tags) - len(strings.Fields(strings.ReplaceAll(strings.Join(c.Tags, " "), "no_answer", "")))
		}
		require.Len(t, locales, test.locales, name)
		require.GreaterOrEqual(t, tagged, test.tagged, name)
		dev, frozen := suite.Half(evals.HalfDev), suite.Half(evals.HalfFrozen)
		require.Equal(t, len(suite.Cases), len(dev.Cases)+len(frozen.Cases))
		require.Greater(t, len(frozen.Cases), len(suite.Cases)/3)
	}
}

// smallSuite is one with a knowledge base of one article: that is imported at once.
func smallSuite(t *testing.T) evals.Suite {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "kb"), 0o750))
	for name, text := range map[string]string{
		"kb/fees.md": "---\nslug: trading-fees\nlocale: en\ntitle: Trading fees\nintents: [trading.fees]\naudience: public\nstatus: published\n---\n" +
			"The taker fee of the spot market is 0.12 % of each fill.\n",
		"s.yaml": `name: s
kb: kb
cases:
  - {id: fee, locale: en, conversation: ["what is the taker fee of the spot market"], expect: {outcome: any}}
  - {id: seed, locale: en, conversation: ["my words: legal winner thank year wave sausage worth useful legal winner thank yellow"], expect: {outcome: handed_off}}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	suite, err := readSuite(filepath.Join(folder, "s.yaml"))
	require.NoError(t, err)
	return suite
}

// TestEvalRunsAreKept runs commands as a person does: what was broken off goes on, and what is known is not asked again.
func TestEvalRunsAreKept(t *testing.T) {
	t.Parallel()

	folder, database := t.TempDir(), pgtest.EmptyURL(t)
	opened := smallSuite(t)
	a := testApp(t, config{RequestDeadline: 20 * time.Second})
	require.NoError(t, onSystem(t.Context(), a, pgtest.EmptyURL(t), func(s *system) error {
		require.NoError(t, importFor(t.Context(), a, s, opened))
		pool, err := pgxpool.New(t.Context(), database)
		require.NoError(t, err)
		defer pool.Close()
		require.NoError(t, migrations.Up(t.Context(), pool))
		requireRunsAreKept(t, s, archive.New(pool, time.Now), opened)
		return nil
	}))

	steps := []struct {
		args []string
		code int
		says string
	}{
		{[]string{"list"}, exitOK, "finished"},
		{[]string{"list", "--json"}, exitOK, `"fingerprint"`},
		{[]string{"show", "1"}, exitOK, "2/2"},
		{[]string{"show", "1", "--case", "fee"}, exitOK, "en/trading-fees"},
		{[]string{"show", "1", "--case", "nobody"}, exitUsage, `no case "nobody"`},
		{[]string{"compare", "1", "2"}, exitOK, "4 cases compared: 0 better, 0 worse"},
		{[]string{"gate", "--baseline", "1", "2"}, exitOK, "gate s: passed"},
		{[]string{"report", "1", "--baseline", "2", "--out", filepath.Join(folder, "r.html"), "--md", filepath.Join(folder, "r.md")}, exitOK, "r.html"},
		{[]string{"list", "--delete", "1,2"}, exitOK, "2 runs deleted"},
		{[]string{"show", "1"}, exitUsage, "there is no such eval run"},
	}
	for _, step := range steps {
		printed := command(t, step.code, append([]string{"--database-url", database, "eval"}, step.args...)...)
		require.Contains(t, printed.out+printed.err, step.says, "%v", step.args)
	}
	page, err := os.ReadFile(filepath.Join(folder, "r.html"))
	require.NoError(t, err)
	require.NotContains(t, string(page), "sausage", "what is kept of a run holds no secret")
	require.Contains(t, string(page), "taker fee")
}

func requireRunsAreKept(t *testing.T, s *system, kept *archive.Archive, suite evals.Suite) {
	t.Helper()
	known := func(report evals.Report) (n int) {
		for _, result := range report.Results {
			if result.Cached {
				n++
			}
		}
		return n
	}
	first, err := evalJob{repeat: 2, suite: suite}.ask(t.Context(), s, kept)
	require.NoError(t, err)
	require.True(t, first.Passed())
	require.Equal(t, []int{4, 0, 2}, []int{len(first.Results), known(first), first.Total.Figures["pass_rate"].Cases})
	again, err := evalJob{repeat: 2, suite: suite}.ask(t.Context(), s, kept)
	require.NoError(t, err)
	require.Equal(t, 4, known(again), "each repeat is known by its number")
	fresh, err := evalJob{fresh: true, suite: suite}.ask(t.Context(), s, kept)
	require.NoError(t, err)
	require.Zero(t, known(fresh))

	stoppedBy, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = evalJob{fresh: true, suite: suite}.ask(stoppedBy, s, kept)
	require.ErrorIs(t, err, context.Canceled)

	_, err = evalJob{repeat: 2, resume: 1, suite: suite}.ask(t.Context(), s, kept)
	require.ErrorContains(t, err, "run 1 is finished")
	_, err = evalJob{resume: 77, suite: suite}.ask(t.Context(), s, kept)
	require.ErrorContains(t, err, "there is no such eval run: 77")
}

// TestAStoppedRunGoesOn stops a run after its first case, as Ctrl-C does.
func TestAStoppedRunGoesOn(t *testing.T) {
	t.Parallel()

	suite := smallSuite(t)
	for _, id := range []string{"c", "d", "e", "f"} {
		more := suite.Cases[0]
		more.ID, more.Conversation = id, []string{"what is the taker fee for spot " + id} // asked otherwise, or it would be known
		suite.Cases = append(suite.Cases, more)
	}
	a := testApp(t, config{RequestDeadline: 20 * time.Second})
	require.NoError(t, onSystem(t.Context(), a, pgtest.EmptyURL(t), func(s *system) error {
		require.NoError(t, importFor(t.Context(), a, s, suite))
		kept := archive.New(s.pool, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.app.clock = func() time.Time { // every stage looks at it
			if run, err := kept.Run(t.Context(), 1); err == nil && run.Done > 1 {
				cancel()
			}
			return time.Now()
		}
		job := evalJob{parallel: 1, suite: suite}
		_, err := job.ask(ctx, s, kept)
		require.ErrorIs(t, err, context.Canceled)
		run, err := kept.Run(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, archive.StatusStopped, run.Status)
		require.Positive(t, run.Done)
		require.Less(t, run.Done, run.Cases)

		other := job
		other.resume, other.suite.Cases = 1, suite.Cases[:5]
		_, err = other.ask(t.Context(), s, kept)
		require.ErrorContains(t, err, "asked something else")
		job.resume = 1
		report, err := job.ask(t.Context(), s, kept)
		require.NoError(t, err)
		require.Len(t, report.Results, 6, "what was there, and what was missing")
		run, err = kept.Run(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, []any{archive.StatusFinished, 6}, []any{run.Status, run.Done})
		return nil
	}))
}
