package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/deskhand/deskhand/evals"
)

// promptfooTest is a test of a promptfoo configuration, as far as it means something here.
type promptfooTest struct {
	Assert      []promptfooAssert `yaml:"assert,omitempty"`
	Description string            `yaml:"description,omitempty"`
	Vars        map[string]any    `yaml:"vars,omitempty"`
}

type promptfooAssert struct {
	Metric    string  `yaml:"metric,omitempty"`
	Threshold float64 `yaml:"threshold,omitempty"`
	Type      string  `yaml:"type"`
	Value     any     `yaml:"value,omitempty"`
	Weight    float64 `yaml:"weight,omitempty"`
}

// promptfooTypes are the assertions that mean the same in both.
func promptfooTypes() map[string]evals.AssertType {
	return map[string]evals.AssertType{
		"contains": evals.AssertContains, "contains-all": evals.AssertContains, "contains-any": evals.AssertAnyOf,
		"cost": evals.AssertMaxCost, "equals": evals.AssertEquals, "icontains": evals.AssertIContains,
		"icontains-all": evals.AssertIContains, "icontains-any": evals.AssertAnyOf, "latency": evals.AssertMaxLatency,
		"llm-rubric": evals.AssertRubric, "not-contains": evals.AssertNotContains,
		"not-icontains": evals.AssertNotContains, "not-regex": evals.AssertNotRegex, "regex": evals.AssertRegex,
		"similar": evals.AssertSimilar,
	}
}

// questionVars are the variables that people call the question.
func questionVars() []string {
	return []string{"question", "query", "input", "message", "prompt", "text"}
}

// readPromptfoo reads a configuration's tests, or a file that is a list of tests. The question is the variable of one of the
// usual names; outcome, locale, article, intent and id may be variables too.
func readPromptfoo(content []byte, source Source) ([]evals.Case, error) {
	var configuration struct {
		Tests []promptfooTest `yaml:"tests"`
	}
	var tests []promptfooTest
	if err := evals.DecodeYAML(content, &tests); err != nil {
		if err := evals.DecodeYAML(content, &configuration); err != nil {
			return nil, err
		}
		tests = configuration.Tests
	}
	if len(tests) == 0 {
		return nil, errors.New("there are no tests: tests must be a list in this file")
	}
	cases := make([]evals.Case, len(tests))
	for i, test := range tests {
		var err error
		if cases[i], err = test.asCase(source); err != nil {
			return nil, fmt.Errorf("test %d (%s): %w", i+1, test.Description, err)
		}
	}
	return cases, nil
}

func (t promptfooTest) asCase(source Source) (evals.Case, error) {
	text := func(name string) string {
		if value, ok := t.Vars[name]; ok && value != nil {
			return strings.TrimSpace(fmt.Sprint(value))
		}
		return ""
	}
	c := evals.Case{ID: text("id"), Locale: cmp.Or(text("locale"), source.Locale)}
	for _, name := range questionVars() {
		if c.Conversation = turns(text(name)); len(c.Conversation) > 0 {
			break
		}
	}
	if len(c.Conversation) == 0 {
		return c, fmt.Errorf("%w: name it %s under vars", errNoQuestion, strings.Join(questionVars(), ", "))
	}
	var err error
	if c.Expect.Outcome, err = outcome(text("outcome")); err != nil {
		return c, err
	}
	c.Expect.Article, c.Expect.Intent, c.Expect.Language = text("article"), text("intent"), text("language")
	for i, a := range t.Assert {
		assertion, err := a.asAssertion()
		if err != nil {
			return c, fmt.Errorf("assert[%d]: %w", i, err)
		}
		c.Expect.Assert = append(c.Expect.Assert, assertion)
	}
	return c, nil
}

func (a promptfooAssert) asAssertion() (evals.Assertion, error) {
	kind, ok := promptfooTypes()[a.Type]
	if !ok {
		return evals.Assertion{}, fmt.Errorf("type %q means nothing here: use one of %s", a.Type,
			strings.Join(slices.Sorted(maps.Keys(promptfooTypes())), ", "))
	}
	assertion := evals.Assertion{Metric: a.Metric, Threshold: a.Threshold, Type: kind}
	switch value := a.Value.(type) {
	case nil:
	case []any:
		for _, item := range value {
			assertion.Values = append(assertion.Values, fmt.Sprint(item))
		}
	default:
		assertion.Value = fmt.Sprint(value)
	}
	return assertion, nil
}

func writePromptfoo(w io.Writer, suite evals.Suite) error {
	types := make(map[evals.AssertType]string)
	for _, name := range slices.Sorted(maps.Keys(promptfooTypes())) {
		if kind := promptfooTypes()[name]; types[kind] == "" || !strings.HasSuffix(name, "-all") {
			types[kind] = name
		}
	}
	tests := make([]promptfooTest, len(suite.Cases))
	for i, c := range suite.Cases {
		tests[i] = testOf(c, types)
	}
	encoded, err := yaml.Marshal(map[string]any{"description": suite.Name, "tests": tests})
	if err == nil {
		_, err = w.Write(encoded)
	}
	return err
}

// testOf is a case as promptfoo writes it. An assertion about a stage that promptfoo does not see is left out.
func testOf(c evals.Case, types map[evals.AssertType]string) promptfooTest {
	vars := map[string]any{"id": c.ID, "locale": c.Locale, "question": strings.Join(c.Conversation, turnBreak)}
	for name, value := range map[string]string{
		"article": c.Expect.Article, "intent": c.Expect.Intent, "language": c.Expect.Language, "outcome": string(c.Expect.Outcome),
	} {
		if value != "" && value != string(evals.OutcomeAny) {
			vars[name] = value
		}
	}
	test := promptfooTest{Description: c.ID, Vars: vars}
	for _, value := range c.Expect.MustContain {
		test.Assert = append(test.Assert, promptfooAssert{Type: "icontains", Value: value})
	}
	for _, value := range c.Expect.MustNotContain {
		test.Assert = append(test.Assert, promptfooAssert{Type: "not-icontains", Value: value})
	}
	for _, a := range c.Expect.Assert {
		name, ok := types[a.Type]
		if !ok {
			continue
		}
		exported := promptfooAssert{Metric: a.Metric, Threshold: a.Threshold, Type: name, Value: a.Value}
		if len(a.Values) > 0 {
			exported.Type = cmp.Or(map[string]string{"contains": "contains-all", "icontains": "icontains-all"}[name], name)
			exported.Value = a.Values
		}
		test.Assert = append(test.Assert, exported)
	}
	return test
}
