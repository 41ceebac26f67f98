package evals

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant"
)

// Check is one expectation held against what came out.
type Check struct {
	Name    string `json:"name"`
	Passed  bool   `json:"passed"`
	Skipped bool   `json:"skipped,omitempty"` // it could not be made: nobody judged
	Why     string `json:"why,omitempty"`     // what was expected and what came instead

	reply bool // what it is about is what the customer reads
}

// pipelineCheck fails when a question could not be handled at all.
const pipelineCheck = "pipeline"

// Grade holds a result against what its case expects: one check for each expectation.
func Grade(expect Expect, r Result) []Check {
	checks := []Check{outcome(expect.Outcome, r.Outcome)}
	if expect.Article != "" {
		checks = append(checks, among("article", expect.Article, r.Articles))
	}
	if expect.Intent != "" {
		checks = append(checks, equal("intent", expect.Intent, r.Intent))
	}
	if expect.Language != "" {
		checks = append(checks, equal("language", expect.Language, r.Language))
	}
	if expect.Priority != "" {
		checks = append(checks, equal("priority", string(expect.Priority), r.Priority))
	}
	for _, named := range expect.Risks {
		checks = append(checks, among("risk", string(named), r.Risks))
	}
	for _, text := range expect.MustContain {
		checks = append(checks, Check{
			Name: "must_contain", Passed: contains(r.Reply, text), Why: fmt.Sprintf("want %q in the reply", text),
		})
	}
	for _, text := range expect.MustNotContain {
		checks = append(checks, Check{
			Name: "must_not_contain", Passed: !contains(r.Reply, text), Why: fmt.Sprintf("want no %q in the reply", text),
		})
	}
	for _, a := range expect.Assert {
		checks = append(checks, a.grade(r))
	}
	for i := range checks {
		if checks[i].Passed && !checks[i].Skipped {
			checks[i].Why = ""
		}
	}
	return checks
}

func outcome(want, got assistant.Outcome) Check {
	check := equal("outcome", string(want), string(got))
	switch want {
	case OutcomeAny:
		check.Passed = true
	case OutcomeReplied:
		check.Passed = got == assistant.OutcomeAnswered || got == assistant.OutcomeClarify
	case OutcomeUnanswered:
		check.Passed = got == assistant.OutcomeHandedOff || got == assistant.OutcomeClarify
	default:
	}
	return check
}

func equal(name, want, got string) Check {
	return Check{Name: name, Passed: want == got, Why: fmt.Sprintf("want %q, got %q", want, got)}
}

func among(name, want string, got []string) Check {
	return Check{Name: name, Passed: slices.Contains(got, want), Why: fmt.Sprintf("want %q among %q", want, got)}
}

// contains ignores case: how a text starts a sentence is not what a suite is about.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
