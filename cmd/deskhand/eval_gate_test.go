package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/files"
)

// gated is a desk on which a suite is run again after something was changed.
type gated struct {
	app    *app
	suite  evals.Suite
	system *system
}

func newGated(t testing.TB) gated {
	t.Helper()
	a := testApp(t, config{RequestDeadline: 2 * time.Minute})
	a.config.DatabaseURL = pgtest.EmptyURL(t)
	s, err := openSystem(t.Context(), a, nil)
	require.NoError(t, err)
	t.Cleanup(s.pool.Close)
	require.NoError(t, importSample(t.Context(), a, s))
	suite, err := readSuite("../../evals/suites/smoke.yaml")
	require.NoError(t, err)
	asked := make(map[string]int)
	suite.Cases = slices.DeleteFunc(suite.Cases, func(c evals.Case) bool { // four in each of the first languages, and what is broken below
		asked[c.Locale]++
		return !slices.Contains([]string{"en-trading-fees", "en-lost-2fa-phone"}, c.ID) &&
			(asked[c.Locale] > 4 || !slices.Contains([]string{"en", "zh-Hans", "ar"}, c.Locale))
	})
	for id, question := range map[string]string{
		"office": "do you have an office in berlin that i can visit", "rent": "can i pay my rent from my spot balance",
		"jobs": "how do i apply for a job at your company", "candles": "export hourly candles of every pair since 2017 as parquet",
	} { // no article answers these
		suite.Cases = append(suite.Cases, evals.Case{
			ID: id, Conversation: []string{question}, Expect: evals.Expect{Outcome: assistant.OutcomeHandedOff}, Locale: "en",
		})
	}
	return gated{app: a, suite: suite, system: s}
}

// run asks the suite, of a desk that change was made to.
func (g gated) run(t testing.TB, change func(*assistant.Policy, *assistant.Assistant)) evals.Report {
	t.Helper()
	settings, err := g.system.store.Settings(t.Context())
	require.NoError(t, err)
	store := memory.New(func(context.Context) (assistant.Settings, error) { return settings, nil })
	desk := g.system.assistant(store, g.app.clock)
	if change != nil {
		change(&settings.Policy, desk)
	}
	results, err := evals.Runner{Assistant: desk, Clock: g.app.clock, Parallel: 4, Store: store}.Run(t.Context(), g.suite)
	require.NoError(t, err)
	return evals.NewReport(g.suite, results)
}

// importSampleWith replaces the sample articles by the same with one file written anew.
func (g gated) importSampleWith(t testing.TB, name string, rewrite func(string) string) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, retrieval.Sample()))
	article, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	rewritten := rewrite(string(article))
	require.NotEqual(t, string(article), rewritten)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(rewritten), 0o600))
	options := retrieval.ImportOptions{Actor: cliActor, Prune: true, Source: sampleSource}
	require.NoError(t, importArticles(t.Context(), g.app, g.system.index, files.FS(os.DirFS(folder)), options))
}

// englishRules are the rules of the English file, less the one that is named.
func englishRules(t testing.TB, without string) *risk.Rules {
	t.Helper()
	content, err := os.ReadFile("../../assistant/triage/risk/rules/en.yaml")
	require.NoError(t, err)
	text := string(content)
	if without != "" {
		before, rest, found := strings.Cut(text, ruleStart+without+"\n")
		require.True(t, found)
		_, after, _ := strings.Cut(rest, "\n"+ruleStart)
		if text = before; after != "" {
			text += ruleStart + after
		}
	}
	rules, err := risk.Parse(strings.NewReader(text), "en.yaml")
	require.NoError(t, err)
	return rules
}

// ruleStart begins a rule in a file of rules.
const ruleStart = "  - id: "

// englishTriager decides by the English rules only, less the one that is named.
func englishTriager(t testing.TB, without string) *triage.Triager {
	t.Helper()
	rules := englishRules(t, without)
	taxonomy, err := intent.Default()
	require.NoError(t, err)
	classifier, err := intent.Builtin(embed.New())
	require.NoError(t, err)
	triager, err := triage.New(taxonomy, classifier, rules)
	require.NoError(t, err)
	return triager
}

func decided(t testing.TB, baseline, run evals.Report) evals.Gate {
	t.Helper()
	gate, err := evals.Decide(baseline, run, nil)
	require.NoError(t, err)
	return gate
}

// worse returns the ids of the cases that got worse.
func worse(gate evals.Gate) []string {
	var ids []string
	for _, change := range gate.Comparison.Worse {
		ids = append(ids, change.ID)
	}
	return ids
}

func TestGateCatchesAPlantedRegressionAndPassesAnUnchangedRun(t *testing.T) {
	t.Parallel()

	g := newGated(t)
	baseline := g.run(t, nil)
	again := decided(t, baseline, g.run(t, nil))
	require.True(t, again.Passed, again.Comparison.Worse)

	threshold := decided(t, baseline, g.run(t, func(p *assistant.Policy, _ *assistant.Assistant) { p.MinConfidence = 0 }))
	require.False(t, threshold.Passed, "the threshold was lowered: %v", threshold.Findings)
	require.NotEmpty(t, threshold.Comparison.Worse)

	english := g.run(t, func(_ *assistant.Policy, a *assistant.Assistant) { a.Triager = englishTriager(t, "") })
	rule := decided(t, english, g.run(t, func(_ *assistant.Policy, a *assistant.Assistant) { a.Triager = englishTriager(t, "mfa_lost") }))
	require.False(t, rule.Passed, "a rule was removed: %v", rule.Findings)
	require.Contains(t, worse(rule), "en-lost-2fa-phone")

	g.importSampleWith(t, "en/trading-fees.md", func(text string) string { return strings.ReplaceAll(text, "0.12 %", "0.21 %") })
	article := decided(t, baseline, g.run(t, nil))
	require.False(t, article.Passed, "an article was broken: %v", article.Findings)
	require.Equal(t, []string{"en-trading-fees"}, worse(article))
}

func TestGateTellsByItsExitCode(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	save := func(name string, ending evals.Ending, check evals.Check) string {
		path := filepath.Join(folder, name)
		var content bytes.Buffer
		report := evals.NewReport(evals.Suite{Name: "s"}, []evals.Result{{
			Case:   evals.Case{ID: "c", Conversation: []string{"x"}, Expect: evals.Expect{Outcome: assistant.OutcomeAnswered}},
			Checks: []evals.Check{check}, Ending: ending, Outcome: assistant.OutcomeAnswered,
		}})
		require.NoError(t, encodeJSON(&content, report))
		require.NoError(t, os.WriteFile(path, content.Bytes(), 0o600))
		return path
	}
	good := save("good.json", evals.CorrectAnswer, evals.Check{Name: "outcome", Passed: true})
	bad := save("bad.json", evals.WrongAnswer, evals.Check{Name: "article"})
	broken := save("broken.json", evals.WrongAnswer, evals.Check{Name: "pipeline"})
	junit := filepath.Join(folder, "gate.xml")
	t.Cleanup(func() { require.FileExists(t, junit) }) // after the subtests

	tests := map[string]struct {
		args []string
		code int
		out  string
	}{
		"Unchanged":    {[]string{"gate", "--baseline", good, good}, exitOK, "gate s: passed"},
		"Worse":        {[]string{"gate", "--baseline", good, "--junit", junit, bad}, exitFailed, "gate s: failed"},
		"WorseOnGit":   {[]string{"gate", "--baseline", good, "--github", bad}, exitFailed, "::error title=eval gate::"},
		"WorseAsJSON":  {[]string{"gate", "--baseline", good, "--json", bad}, exitFailed, `"passed": false`},
		"Broken":       {[]string{"gate", "--baseline", good, broken}, exitUsage, "broken run: the pipeline failed on c"},
		"BadRule":      {[]string{"gate", "--baseline", good, "--rule", "x >= 1", good}, exitUsage, `unknown figure "x"`},
		"EmptyRule":    {[]string{"gate", "--baseline", good, "--rule", "mandatory_recall >= 1", good}, exitUsage, "no case to judge by"},
		"CannotWrite":  {[]string{"gate", "--baseline", good, "--junit", filepath.Join(folder, "no", "x.xml"), good}, exitUsage, "no such file"},
		"Compare":      {[]string{"compare", good, bad}, exitOK, "1 cases compared: 0 better, 1 worse"},
		"CompareJSON":  {[]string{"compare", "--json", good, bad}, exitOK, `"verdict": "no evidence"`},
		"CompareOther": {[]string{"compare", good, "eval_gate_test.go"}, exitUsage, `not what "deskhand eval run --json" prints`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var out bytes.Buffer
			code := run(t.Context(), append([]string{"eval"}, test.args...), streams{err: &out, in: strings.NewReader(""), out: &out})
			require.Equal(t, test.code, code, out.String())
			require.Contains(t, out.String(), test.out)
		})
	}
}
