package exchange

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/evals"
)

// columns are what a CSV file may have, in the order in which they are written. Lists are separated by "|";
// the turns of a question by a line "---".
func columns() []string {
	return []string{
		"id", "locale", "channel", "question", "outcome", "article", "intent", "language", "priority", "risks", "must_contain",
		"must_not_contain", "reference", "tags",
	}
}

// readCSV reads a table with a line of headings: question, and any other of columns.
func readCSV(content []byte, source Source) ([]evals.Case, error) {
	reader := csv.NewReader(bytes.NewReader(content))
	headings, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: the headings are missing: %w", err)
	}
	at := make(map[string]int)
	for i, heading := range headings {
		name := strings.ToLower(strings.TrimSpace(heading))
		if !slices.Contains(columns(), name) {
			return nil, fmt.Errorf("line 1: unknown column %q: use %s", heading, strings.Join(columns(), ", "))
		}
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("line 1: the column %q is there twice", heading)
		}
		at[name] = i
	}
	if _, ok := at["question"]; !ok {
		return nil, errors.New("line 1: there is no column question")
	}
	var cases []evals.Case
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return cases, nil
		}
		if err != nil {
			return nil, err // names the line
		}
		line, _ := reader.FieldPos(0)
		c, err := caseOf(func(name string) string {
			if i, ok := at[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}, source)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		cases = append(cases, c)
	}
}

func caseOf(value func(name string) string, source Source) (evals.Case, error) {
	c := evals.Case{
		Channel: value("channel"), Conversation: turns(value("question")), ID: value("id"), Locale: value("locale"),
		Tags: list(value("tags")),
		Expect: evals.Expect{
			Article: value("article"), Assert: similarTo(value("reference")), Intent: value("intent"), Language: value("language"),
			MustContain: list(value("must_contain")), MustNotContain: list(value("must_not_contain")),
			Priority: triage.Priority(value("priority")),
		},
	}
	if c.Locale == "" {
		c.Locale = source.Locale
	}
	if len(c.Conversation) == 0 {
		return c, errNoQuestion
	}
	for _, name := range list(value("risks")) {
		c.Expect.Risks = append(c.Expect.Risks, risk.Risk(name))
	}
	var err error
	c.Expect.Outcome, err = outcome(value("outcome"))
	return c, err
}

func list(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, "|") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func writeCSV(w io.Writer, suite evals.Suite) error {
	writer := csv.NewWriter(w)
	if err := writer.Write(columns()); err != nil {
		return err
	}
	for _, c := range suite.Cases {
		risks := make([]string, len(c.Expect.Risks))
		for i, named := range c.Expect.Risks {
			risks[i] = string(named)
		}
		row := []string{
			c.ID, c.Locale, c.Channel, strings.Join(c.Conversation, turnBreak), string(c.Expect.Outcome), c.Expect.Article, c.Expect.Intent,
			c.Expect.Language, string(c.Expect.Priority), strings.Join(risks, "|"), strings.Join(c.Expect.MustContain, "|"),
			strings.Join(c.Expect.MustNotContain, "|"), reference(c), strings.Join(c.Tags, "|"),
		}
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := writer.Write(row); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}

// harmless keeps a spreadsheet from running a customer's text as a formula (OWASP, CSV Injection).
func harmless(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
		return "'" + cell
	}
	return cell
}
