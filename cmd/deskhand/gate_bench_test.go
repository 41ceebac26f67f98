package main

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
)

var gateRuns = flag.Int("gate.runs", 20, "how often BenchmarkGate asks the unchanged desk, and how many faults of each kind it plants")

// BenchmarkGate counts what the gate says of an unchanged desk and of planted faults: "make gate-power". The questions are those of
// TestGateCatchesAPlantedRegressionAndPassesAnUnchangedRun, those of the development half with a fact that the answer must hold,
// and for the rules what must reach a person in English. A fault is planted only where a case that passes depends on it.
func BenchmarkGate(b *testing.B) {
	for b.Loop() {
		g := newGated(b)
		facts, err := readSuite("../../evals/suites/answers.yaml")
		require.NoError(b, err)
		for _, c := range facts.Half(evals.HalfDev).Cases {
			if slices.Contains([]string{"en", "zh-Hans", "ar"}, c.Locale) && slices.Contains(c.Tags, "fact") {
				g.suite.Cases = append(g.suite.Cases, c)
			}
		}
		baseline := g.run(b, nil)
		b.Logf("%d cases, of which %d pass", len(baseline.Results), baseline.Total.Figures["pass_rate"].Hits)
		passed := 0
		for range *gateRuns {
			if decided(b, baseline, g.run(b, nil)).Passed {
				passed++
			}
		}
		b.Logf("unchanged: passed %d of %d", passed, *gateRuns)
		b.Logf("threshold lowered to 0: caught %d of %d", g.thresholds(b, baseline), *gateRuns)
		caught, planted := g.facts(b, baseline)
		b.Logf("a fact taken out of an article: caught %d of %d", caught, planted)
		caught, planted = g.unpublished(b, baseline)
		b.Logf("an article no longer published: caught %d of %d", caught, planted)
		caught, planted = g.rules(b)
		b.Logf("a rule removed: caught %d of %d", caught, planted)
	}
}

func (g gated) thresholds(b *testing.B, baseline evals.Report) (caught int) {
	b.Helper()
	for range *gateRuns {
		changed := g.run(b, func(p *assistant.Policy, _ *assistant.Assistant) { p.MinConfidence = 0 })
		if !decided(b, baseline, changed).Passed {
			caught++
		}
	}
	return caught
}

// facts takes one fact after the other out of the article that must tell it.
func (g gated) facts(b *testing.B, baseline evals.Report) (caught, planted int) {
	b.Helper()
	for _, result := range answered(baseline) {
		if planted == *gateRuns {
			break
		}
		expect := result.Case.Expect
		if len(expect.MustContain) == 0 {
			continue
		}
		planted++
		caught += g.broken(b, baseline, result, func(text string) string {
			head, body, _ := strings.Cut(text, "\n---\n") // the fields stay as they are
			return head + "\n---\n" + strings.ReplaceAll(body, expect.MustContain[0], "…")
		})
	}
	return caught, planted
}

// unpublished makes drafts of articles that cases are answered from.
func (g gated) unpublished(b *testing.B, baseline evals.Report) (caught, planted int) {
	b.Helper()
	for _, result := range answered(baseline) {
		if planted == *gateRuns {
			break
		}
		planted++
		caught += g.broken(b, baseline, result, func(text string) string {
			return strings.Replace(text, "status: published", "status: draft", 1)
		})
	}
	return caught, planted
}

// answered are the results of cases that pass because of an article, one for each article and language.
func answered(report evals.Report) []evals.Result {
	first := make(map[string]evals.Result)
	for _, result := range report.Results {
		expect := result.Case.Expect
		place := result.Case.Locale + "/" + expect.Article
		_, known := first[place]
		if expect.Article == "" || expect.Outcome != assistant.OutcomeAnswered || !result.Passed() || known && len(expect.MustContain) == 0 {
			continue
		}
		first[place] = result
	}
	var results []evals.Result
	for _, place := range slices.Sorted(maps.Keys(first)) {
		results = append(results, first[place])
	}
	return results
}

// broken breaks the article of a result, and returns 1 when the gate says so. The next import mends it.
func (g gated) broken(b *testing.B, baseline evals.Report, result evals.Result, rewrite func(string) string) int {
	b.Helper()
	name := result.Case.Locale + "/" + result.Case.Expect.Article + ".md"
	g.importSampleWith(b, name, rewrite)
	if gate := decided(b, baseline, g.run(b, nil)); gate.Passed {
		b.Logf("not caught: %s, of case %s", name, result.Case.ID)
		return 0
	}
	return 1
}

// rules removes one English rule after the other that finds something alone.
func (g gated) rules(b *testing.B) (caught, planted int) {
	b.Helper()
	require.NoError(b, importSample(b.Context(), g.app, g.system), "the last article is whole again")
	must, err := readSuite("../../evals/suites/handoff-dev.jsonl")
	require.NoError(b, err)
	must.Cases = slices.DeleteFunc(must.Cases, func(c evals.Case) bool {
		return c.Locale != "en" || c.Expect.Outcome != assistant.OutcomeHandedOff
	})
	g.suite = must
	baseline := g.run(b, func(_ *assistant.Policy, a *assistant.Assistant) { a.Triager = englishTriager(b, "") })
	for _, rule := range g.soleRules(b, baseline) {
		if planted == *gateRuns {
			break
		}
		planted++
		changed := g.run(b, func(_ *assistant.Policy, a *assistant.Assistant) { a.Triager = englishTriager(b, rule) })
		if gate := decided(b, baseline, changed); gate.Passed {
			b.Logf("not caught: rule %s", rule)
			continue
		}
		caught++
	}
	return caught, planted
}

// soleRules are the English rules without which the rules find less in a case that passes.
func (g gated) soleRules(b *testing.B, baseline evals.Report) []string {
	b.Helper()
	content, err := os.ReadFile("../../assistant/triage/risk/rules/en.yaml")
	require.NoError(b, err)
	whole := englishRules(b, "")
	var sole []string
	for line := range strings.Lines(string(content)) {
		id, found := strings.CutPrefix(strings.TrimRight(line, "\n"), ruleStart)
		if !found {
			continue
		}
		less := englishRules(b, id)
		if slices.ContainsFunc(baseline.Results, func(r evals.Result) bool {
			text := r.Case.Conversation[len(r.Case.Conversation)-1]
			return r.Passed() && len(whole.Match(text)) > 0 && len(less.Match(text)) == 0
		}) {
			sole = append(sole, id)
		}
	}
	return sole
}
