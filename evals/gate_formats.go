package evals

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements of JUnit's XML that test dashboards read: a test case is a rule.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
		Output   string      `xml:"system-out,omitempty"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes the decision as JUnit XML: a test case for each rule, and the cases that got worse as output.
func (g Gate) WriteJUnit(w io.Writer) error {
	suite := junitSuite{Name: "deskhand eval gate " + g.Suite, Tests: len(g.Findings), Output: strings.Join(g.regressions(), "\n")}
	for _, finding := range g.Findings {
		c := junitCase{Class: g.Suite, Name: finding.Rule}
		if !finding.Held {
			c.Failure = &junitFailure{Message: finding.Detail}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	encoded, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{suite}}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit XML: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, encoded); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}

// WriteGitHub writes the decision as workflow commands of GitHub Actions: an error for each rule that did not hold, a warning
// for each case that got worse.
func (g Gate) WriteGitHub(w io.Writer) error {
	var b strings.Builder
	for _, finding := range g.Findings {
		if !finding.Held {
			fmt.Fprintf(&b, "::error title=eval gate::%s\n", annotation(finding.Rule+" does not hold: "+finding.Detail))
		}
	}
	for _, text := range g.regressions() {
		fmt.Fprintf(&b, "::warning title=eval gate::%s\n", annotation(text))
	}
	if g.Passed {
		fmt.Fprintf(&b, "::notice title=eval gate::%s\n", annotation(fmt.Sprintf("%s: %d rules hold", g.Suite, len(g.Findings))))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write annotations: %w", err)
	}
	return nil
}

// annotation escapes what would end a workflow command: a suite's names must not be able to start another one.
func annotation(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// regressions is a line for each case that got worse: ids and names of checks, never a customer's text.
func (g Gate) regressions() []string {
	lines := make([]string, 0, len(g.Comparison.Worse))
	for _, change := range g.Comparison.Worse {
		lines = append(lines, fmt.Sprintf("case %s got worse: %s, was %s; fails %s", change.ID, change.After, change.Before,
			strings.Join(change.Failed, ", ")))
	}
	return lines
}
