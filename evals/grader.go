package evals

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/deskhand/deskhand/assistant"
)

// grader holds a result against an assertion. A wrong reply makes the answer wrong; what else it looks at does not.
type grader struct {
	check func(a Assertion, r Result) (passed bool, why string)
	reply bool // it looks at what the customer reads
}

// graders are all, by their type.
func graders() map[AssertType]grader {
	return map[AssertType]grader{
		AssertAnyOf:          {check: anyOf, reply: true},
		AssertCitedSentences: {check: citedSentences, reply: true},
		AssertCites:          {check: citesAll, reply: true},
		AssertContains:       {check: everyText(exactly), reply: true},
		AssertDraftContains:  {check: draftContains},
		AssertEquals:         {check: equals, reply: true},
		AssertForbidden:      {check: forbidden, reply: true},
		AssertGrounded:       {check: grounded, reply: true},
		AssertGroundedJudge:  {check: judgedGrounded, reply: true},
		AssertGuard:          {check: stoppedBy},
		AssertIContains:      {check: everyText(contains), reply: true},
		AssertJSONPath:       {check: jsonPath},
		AssertLanguage:       {check: language, reply: true},
		AssertMaxCost:        {check: atMost("US dollars", func(r Result) float64 { return r.CostUSD })},
		AssertMaxLatency:     {check: atMost("ms", func(r Result) float64 { return float64(r.Latency.Microseconds()) / 1000 })},
		AssertMaxTokens:      {check: atMost("tokens", func(r Result) float64 { return float64(r.PromptTokens + r.CompletionTokens) })},
		AssertNoRisk:         {check: noRisk},
		AssertNotContains:    {check: noText(contains), reply: true},
		AssertNotRegex:       {check: noText(matches), reply: true},
		AssertOnlyCites:      {check: onlyCites, reply: true},
		AssertReason:         {check: reason},
		AssertRedacted:       {check: redacted},
		AssertRegex:          {check: everyText(matches), reply: true},
		AssertRetrieved:      {check: retrieved},
		AssertRubric:         {check: judgedRubric, reply: true},
		AssertSimilar:        {check: similar, reply: true},
	}
}

// grade makes the check of an assertion.
func (a Assertion) grade(r Result) Check {
	g := graders()[a.Type]
	check := Check{Name: string(a.Type), reply: g.reply}
	if a.Metric != "" {
		check.Name = a.Metric
	}
	if slices.Contains(judgedTypes(), a.Type) && r.Judged == nil {
		check.Passed, check.Skipped, check.Why = true, true, "no model judged: run with a model and --judge"
		return check
	}
	check.Passed, check.Why = g.check(a, r)
	return check
}

func judgedTypes() []AssertType { return []AssertType{AssertGroundedJudge, AssertRubric} }

func everyText(has func(text, part string) bool) func(Assertion, Result) (bool, string) {
	return func(a Assertion, r Result) (bool, string) {
		for _, value := range a.values() {
			if !has(r.Reply, value) {
				return false, fmt.Sprintf("want %q in the reply", value)
			}
		}
		return true, ""
	}
}

func noText(has func(text, part string) bool) func(Assertion, Result) (bool, string) {
	return func(a Assertion, r Result) (bool, string) {
		for _, value := range a.values() {
			if has(r.Reply, value) {
				return false, fmt.Sprintf("want no %q in the reply", value)
			}
		}
		return true, ""
	}
}

func exactly(text, part string) bool { return strings.Contains(text, part) }

func matches(text, pattern string) bool {
	compiled, err := regexp.Compile(pattern)
	return err == nil && compiled.MatchString(text) // what is no pattern was refused with its suite
}

func anyOf(a Assertion, r Result) (bool, string) {
	return slices.ContainsFunc(a.values(), func(value string) bool { return contains(r.Reply, value) }),
		fmt.Sprintf("want one of %q in the reply", a.values())
}

func equals(a Assertion, r Result) (bool, string) {
	return slices.Contains(a.values(), strings.TrimSpace(r.Reply)), fmt.Sprintf("want the reply to be %q", a.values()[0])
}

func language(a Assertion, r Result) (bool, string) {
	return slices.Contains(a.values(), r.Language), fmt.Sprintf("want %q, got %q", a.values(), r.Language)
}

func citesAll(a Assertion, r Result) (bool, string) {
	for _, slug := range a.values() {
		if !slices.Contains(r.Articles, slug) {
			return false, fmt.Sprintf("want %q among %q", slug, r.Articles)
		}
	}
	return true, ""
}

func onlyCites(a Assertion, r Result) (bool, string) {
	for _, slug := range r.Articles {
		if !slices.Contains(a.values(), slug) {
			return false, fmt.Sprintf("want no other than %q, got %q", a.values(), slug)
		}
	}
	return true, ""
}

func citedSentences(a Assertion, r Result) (bool, string) {
	sentences := r.sentences()
	cited := 0
	for _, sentence := range sentences {
		if len(sentence.Articles) > 0 {
			cited++
		}
	}
	return float64(cited) >= a.threshold()*float64(len(sentences)), fmt.Sprintf("%d of %d sentences cite an article", cited, len(sentences))
}

func (r Result) sentences() []Sentence {
	if r.Trace == nil {
		return nil
	}
	return r.Trace.Sentences
}

func draftContains(a Assertion, r Result) (bool, string) {
	for _, value := range a.values() {
		if r.Trace == nil || !contains(r.Trace.Draft, value) {
			return false, fmt.Sprintf("want %q in the draft for the agent", value)
		}
	}
	return true, ""
}

func forbidden(a Assertion, r Result) (bool, string) {
	for _, value := range a.values() {
		if contains(r.Reply, value) || r.Trace != nil && contains(r.Trace.Draft, value) {
			return false, fmt.Sprintf("want no %q in reply and draft", value)
		}
	}
	return true, ""
}

func retrieved(a Assertion, r Result) (bool, string) {
	found := r.Trace.slugs()
	found = found[:min(len(found), int(a.threshold()))]
	for _, slug := range a.values() {
		if !slices.Contains(found, slug) {
			return false, fmt.Sprintf("want %q among the first %g found, got %q", slug, a.threshold(), found)
		}
	}
	return true, ""
}

func redacted(a Assertion, r Result) (bool, string) {
	var kinds []string
	if r.Trace != nil {
		kinds = r.Trace.Redactions
	}
	if slices.Equal(a.values(), []string{valueNone}) {
		return len(kinds) == 0, fmt.Sprintf("want nothing to be removed, got %q", kinds)
	}
	for _, kind := range a.values() {
		if !slices.Contains(kinds, kind) {
			return false, fmt.Sprintf("want %q to be removed, got %q", kind, kinds)
		}
	}
	return true, ""
}

func noRisk(a Assertion, r Result) (bool, string) {
	for _, named := range r.Risks {
		if slices.Contains(a.values(), named) || slices.Contains(a.values(), valueAny) {
			return false, fmt.Sprintf("want no risk %q", named)
		}
	}
	return true, ""
}

func stoppedBy(a Assertion, r Result) (bool, string) {
	var checks []string
	for _, reason := range r.reasons() {
		if check, ok := strings.CutPrefix(reason, string(assistant.ReasonGuard)+":"); ok {
			checks = append(checks, check)
		}
	}
	for _, check := range a.values() {
		if !slices.Contains(checks, check) {
			return false, fmt.Sprintf("want the guard to stop it for %q, got %q", check, checks)
		}
	}
	return true, ""
}

func reason(a Assertion, r Result) (bool, string) {
	for _, value := range a.values() {
		if !slices.ContainsFunc(r.reasons(), func(reason string) bool { return strings.HasPrefix(reason, value) }) {
			return false, fmt.Sprintf("want the reason %q, got %q", value, r.reasons())
		}
	}
	return true, ""
}

func (r Result) reasons() []string {
	if r.Trace == nil {
		return nil
	}
	return r.Trace.Reasons
}

func atMost(unit string, measure func(Result) float64) func(Assertion, Result) (bool, string) {
	return func(a Assertion, r Result) (bool, string) {
		return measure(r) <= a.Threshold, fmt.Sprintf("want at most %g %s, got %g", a.Threshold, unit, measure(r))
	}
}

// jsonPath looks into the result as "deskhand eval run --json" prints it. Without equals it is enough that there is something.
func jsonPath(a Assertion, r Result) (bool, string) {
	encoded, err := json.Marshal(r)
	if err != nil {
		return false, fmt.Sprintf("the result is no JSON: %v", err)
	}
	for _, value := range a.values() {
		path, err := yaml.PathString(value)
		if err != nil {
			return false, fmt.Sprintf("%q is no path", value)
		}
		var found any
		if err := path.Read(strings.NewReader(string(encoded)), &found); err != nil || found == nil {
			return false, "nothing is at " + value
		}
		if got := fmt.Sprint(found); a.Equals != "" && got != a.Equals {
			return false, fmt.Sprintf("want %q at %s, got %q", a.Equals, value, got)
		}
	}
	return true, ""
}
