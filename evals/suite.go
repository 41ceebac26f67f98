// Package evals proves what the assistant does: it asks the questions of a suite, holds each outcome against what the
// suite expects, and fits the confidence on labelled cases.
//
// A suite is a YAML file that QA writes, or a data set with one case a line. Cases run through the real pipeline on a
// store in memory, so an eval leaves no trace on the desk. The package measures; it sends nothing and changes nothing.
package evals

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// maxSuiteBytes bounds a suite file; ten thousand cases have some 5 MB.
const maxSuiteBytes = 64 << 20

// SampleKB is the value of Suite.KB that names the sample knowledge base inside the program.
const SampleKB = "sample"

// Suite is a set of cases on one knowledge base.
type Suite struct {
	Name        string                    `yaml:"name"`
	Description string                    `yaml:"description"`
	Include     []string                  `yaml:"include"` // further files with cases, relative to this one; see Open
	KB          string                    `yaml:"kb"`      // SampleKB, or the path of a folder, relative to the suite
	Policy      *assistant.PolicyDocument `yaml:"policy"`  // that the cases run under; the default one when absent
	Tags        []string                  `yaml:"tags"`    // of every case
	Vars        map[string]string         `yaml:"vars"`    // what {{name}} stands for in texts
	Cases       []Case                    `yaml:"cases"`
}

// Case is a conversation and what must come of its last turn.
type Case struct {
	ID           string            `json:"id"                yaml:"id"`
	Channel      string            `json:"channel,omitempty" yaml:"channel"`      // "eval" when absent; also a slice of the report
	Conversation []string          `json:"conversation"      yaml:"conversation"` // the customer's turns, in order
	Expect       Expect            `json:"expect"            yaml:"expect"`
	Locale       string            `json:"locale"            yaml:"locale"` // what the widget would say; also the slice of the report
	Tags         []string          `json:"tags,omitempty"    yaml:"tags"`
	Vars         map[string]string `json:"vars,omitempty"    yaml:"vars"`   // as those of the suite, and before them
	Weight       float64           `json:"weight,omitempty"  yaml:"weight"` // 1 when absent
}

// Expect is what must come of a case. Empty fields expect nothing.
type Expect struct {
	Article        string            `json:"article,omitempty"          yaml:"article"` // slug that the reply or the agent's draft cites
	Assert         []Assertion       `json:"assert,omitempty"           yaml:"assert"`
	Intent         string            `json:"intent,omitempty"           yaml:"intent"`
	Language       string            `json:"language,omitempty"         yaml:"language"` // of the reply, BCP 47
	MustContain    []string          `json:"must_contain,omitempty"     yaml:"must_contain"`
	MustNotContain []string          `json:"must_not_contain,omitempty" yaml:"must_not_contain"`
	Outcome        assistant.Outcome `json:"outcome"                    yaml:"outcome"`
	Priority       triage.Priority   `json:"priority,omitempty"         yaml:"priority"`
	Risks          []risk.Risk       `json:"risks,omitempty"            yaml:"risks"` // each must be recognised; others may be too
}

// ParseSuite reads and checks a suite. Errors name the line.
func ParseSuite(r io.Reader, name string) (Suite, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxSuiteBytes+1))
	if err != nil {
		return Suite{}, fmt.Errorf("read suite %s: %w", name, err)
	}
	if len(content) > maxSuiteBytes {
		return Suite{}, fmt.Errorf("read suite %s: it is larger than 64 MB: split it", name)
	}
	var suite Suite
	if err := DecodeYAML(content, &suite, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return Suite{}, fmt.Errorf("parse suite %s: %w", name, err)
	}
	if suite.KB == "" {
		suite.KB = SampleKB
	}
	lines := linesOf(content)
	for i, c := range suite.Cases {
		filled, err := suite.filled(c)
		if err != nil {
			return Suite{}, fmt.Errorf("check suite %s: %scase %d (%s): %w", name, lines(i), i+1, c.ID, err)
		}
		suite.Cases[i] = filled
	}
	if err := suite.validate(lines); err != nil {
		return Suite{}, fmt.Errorf("check suite %s: %w", name, err)
	}
	return suite, nil
}

// linesOf says where in a YAML suite its cases are.
func linesOf(content []byte) func(i int) string {
	file, err := parser.ParseBytes(content, 0)
	return func(i int) string {
		if err != nil {
			return ""
		}
		path, pathErr := yaml.PathString(fmt.Sprintf("$.cases[%d].id", i))
		if pathErr != nil {
			return ""
		}
		node, findErr := path.FilterFile(file)
		if findErr != nil || node == nil || node.GetToken() == nil {
			return "" // a case without an id still has its number
		}
		return fmt.Sprintf("line %d: ", node.GetToken().Position.Line)
	}
}

// Check reports everything that is wrong with a suite that was not read from a file.
func (s Suite) Check() error { return s.validate(func(int) string { return "" }) }

// validate reports everything that is wrong. where says where a case is, with what parts it from the rest of the message.
func (s Suite) validate(where func(i int) string) error {
	var problems []error
	if s.Name == "" {
		problems = append(problems, errors.New("name is missing"))
	}
	if len(s.Cases) == 0 && len(s.Include) == 0 {
		problems = append(problems, errors.New("cases is empty"))
	}
	if s.Policy != nil {
		if _, err := s.Policy.Policy(); err != nil {
			problems = append(problems, fmt.Errorf("policy: %w", err))
		}
	}
	seen := make(map[string]bool)
	for i, c := range s.Cases {
		if err := c.validate(); err != nil {
			problems = append(problems, fmt.Errorf("%scase %d (%s): %w", where(i), i+1, c.ID, err))
		}
		if seen[c.ID] {
			problems = append(problems, fmt.Errorf("%scase %d: the id %q is used twice", where(i), i+1, c.ID))
		}
		seen[c.ID] = true
	}
	return errors.Join(problems...)
}

func (c Case) validate() error {
	outcomes := []assistant.Outcome{
		assistant.OutcomeAnswered, assistant.OutcomeClarify, assistant.OutcomeHandedOff, OutcomeAny, OutcomeReplied, OutcomeUnanswered,
	}
	switch {
	case c.ID == "":
		return errors.New("id is missing")
	case len(c.Conversation) == 0:
		return errors.New("conversation is empty: list the customer's turns")
	case slices.Contains(c.Conversation, ""):
		return errors.New("conversation has an empty turn")
	case !slices.Contains(outcomes, c.Expect.Outcome):
		return fmt.Errorf("expect.outcome is %q: use answered, clarify, handed_off, replied, unanswered or any", c.Expect.Outcome)
	case c.mandatory() && c.Expect.Outcome != assistant.OutcomeHandedOff:
		return fmt.Errorf("expect.outcome is %q: a case with the tag %s must expect handed_off", c.Expect.Outcome, MandatoryTag)
	case c.Expect.Priority != "" && !c.Expect.Priority.Valid():
		return fmt.Errorf("expect.priority is %q: use P1 to P4", c.Expect.Priority)
	case !(c.Weight >= 0) || math.IsInf(c.Weight, 1): // also not a number
		return errors.New("weight must be a number from 0 up")
	}
	for _, r := range c.Expect.Risks {
		if !slices.Contains(risk.All(), r) {
			return fmt.Errorf("expect.risks has an unknown risk %q", r)
		}
	}
	for i, a := range c.Expect.Assert {
		if err := a.validate(); err != nil {
			return fmt.Errorf("expect.assert[%d]: %w", i, err)
		}
	}
	return nil
}
