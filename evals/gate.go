package evals

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// ErrBroken marks a run that a gate cannot judge.
var ErrBroken = errors.New("broken run")

// Gate is the decision about a run.
type Gate struct {
	Comparison *Comparison `json:"comparison"`
	Findings   []Finding   `json:"findings"`
	Passed     bool        `json:"passed"`
	Suite      string      `json:"suite"`
}

// Decide holds a run against the baseline by rules; without rules by those of DefaultRules that the suite has cases for. It
// returns ErrBroken when the pipeline failed on a case, when a case of the baseline is missing or asks or expects something
// else now, and when a rule has no case to judge by: then neither yes nor no would be true. Cases that are only in the run
// count for rules without a difference.
func Decide(baseline, run Report, rules []Rule) (Gate, error) {
	if ids := slices.Concat(baseline.Broken(), run.Broken()); len(ids) > 0 {
		return Gate{}, fmt.Errorf("%w: the pipeline failed on %s", ErrBroken, some(ids))
	}
	gate := Gate{Comparison: Compare(baseline, run), Findings: []Finding{}, Passed: true, Suite: run.Suite}
	if lost := slices.Concat(gate.Comparison.OnlyBefore, gate.Comparison.Changed); len(lost) > 0 {
		return gate, fmt.Errorf("%w: cases of the baseline are missing or were changed, make a new baseline: %s", ErrBroken, some(lost))
	}
	mayBeAboutNothing := len(rules) == 0
	if mayBeAboutNothing {
		for _, text := range DefaultRules() {
			rule, err := ParseRule(text)
			if err != nil {
				return gate, err
			}
			rules = append(rules, rule)
		}
	}
	for _, rule := range rules {
		finding, err := rule.judge(gate.Comparison.paired, run.Results)
		if err != nil {
			if mayBeAboutNothing {
				continue
			}
			return gate, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		gate.Findings = append(gate.Findings, finding)
		gate.Passed = gate.Passed && finding.Held
	}
	return gate, nil
}

// some names the first few ids.
func some(ids []string) string {
	const shown = 10
	if len(ids) <= shown {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:shown], ", "), len(ids)-shown)
}

// WriteTable prints the decision for a terminal: the rules, then what changed.
func (g Gate) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\tRULE\tFOUND")
	for _, finding := range g.Findings {
		mark := "ok"
		if !finding.Held {
			mark = "FAIL"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", mark, finding.Rule, finding.Detail)
	}
	_, _ = fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print gate: %w", err)
	}
	if err := g.Comparison.WriteTable(w); err != nil {
		return err
	}
	decision := "passed"
	if !g.Passed {
		decision = "failed"
	}
	if _, err := fmt.Fprintf(w, "gate %s: %s\n", g.Suite, decision); err != nil {
		return fmt.Errorf("print gate: %w", err)
	}
	return nil
}
