// Package exchange reads and writes suites in the formats of other tools: CSV, promptfoo's YAML, ragas' JSONL, Langfuse's dataset items.
// What a format cannot say is left out, and what of another tool's file means nothing here is named in an error: a case that
// silently expects less than it did would pass for the wrong reason. It runs nothing.
package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
)

// Format is one that a suite can be read from or written to.
type Format string

// The formats. FormatYAML and FormatJSONL are the suites' own.
const (
	FormatCSV       Format = "csv"
	FormatJSONL     Format = "jsonl"
	FormatLangfuse  Format = "langfuse"
	FormatPromptfoo Format = "promptfoo"
	FormatRagas     Format = "ragas"
	FormatYAML      Format = "yaml"
)

// maxBytes bounds a file; ten thousand cases have some 5 MB.
const maxBytes = 64 << 20

// Source is a file to read.
type Source struct {
	Format Format
	Locale string // of cases that do not name theirs; en when empty
	Name   string // of the suite, and in errors
}

// Read reads a suite. Every case has an id, and all expectations are known here; errors name the line or the number of the case.
func Read(r io.Reader, source Source) (evals.Suite, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return evals.Suite{}, fmt.Errorf("read %s: %w", source.Name, err)
	}
	if len(content) > maxBytes {
		return evals.Suite{}, fmt.Errorf("read %s: it is larger than 64 MB: split it", source.Name)
	}
	if source.Locale == "" {
		source.Locale = "en"
	}
	read, ok := map[Format]func([]byte, Source) ([]evals.Case, error){
		FormatCSV: readCSV, FormatLangfuse: readLangfuse, FormatPromptfoo: readPromptfoo, FormatRagas: readRagas,
	}[source.Format]
	if !ok {
		return evals.Suite{}, fmt.Errorf("read %s: unknown format %q: use csv, promptfoo, ragas or langfuse", source.Name, source.Format)
	}
	cases, err := read(bytes.TrimPrefix(content, []byte("\ufeff")), source)
	if err != nil {
		return evals.Suite{}, fmt.Errorf("read %s: %w", source.Name, err)
	}
	suite := evals.Suite{Cases: cases, Description: "Imported from " + string(source.Format) + ".", KB: evals.SampleKB, Name: source.Name}
	for i := range suite.Cases {
		if suite.Cases[i].ID == "" {
			suite.Cases[i].ID = fmt.Sprintf("%s-%04d", source.Format, i+1)
		}
	}
	if err := suite.Check(); err != nil {
		return evals.Suite{}, fmt.Errorf("check %s: %w", source.Name, err)
	}
	return suite, nil
}

// Write writes a suite.
func Write(w io.Writer, suite evals.Suite, format Format) error {
	write, ok := map[Format]func(io.Writer, evals.Suite) error{
		FormatCSV: writeCSV, FormatJSONL: writeJSONL, FormatLangfuse: writeLangfuse, FormatPromptfoo: writePromptfoo,
		FormatRagas: writeRagas, FormatYAML: func(w io.Writer, s evals.Suite) error { return s.Write(w) },
	}[format]
	if !ok {
		return fmt.Errorf("write suite: unknown format %q: use yaml, jsonl, csv, promptfoo, ragas or langfuse", format)
	}
	if err := write(w, suite); err != nil {
		return fmt.Errorf("write suite as %s: %w", format, err)
	}
	return nil
}

// turnBreak stands between the turns of a conversation where a format has one text for them.
const turnBreak = "\n\n---\n\n"

func turns(text string) []string {
	var all []string
	for turn := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), turnBreak) {
		if turn = strings.TrimSpace(turn); turn != "" {
			all = append(all, turn)
		}
	}
	return all
}

func outcome(text string) (assistant.Outcome, error) {
	known := []assistant.Outcome{
		assistant.OutcomeAnswered, assistant.OutcomeClarify, assistant.OutcomeHandedOff, evals.OutcomeAny, evals.OutcomeReplied,
		evals.OutcomeUnanswered,
	}
	if text == "" {
		return evals.OutcomeAny, nil
	}
	if !slices.Contains(known, assistant.Outcome(text)) {
		return "", fmt.Errorf("outcome is %q: use answered, clarify, handed_off, replied, unanswered or any", text)
	}
	return assistant.Outcome(text), nil
}

// similarTo expects the reply to resemble a text that another tool calls the reference.
func similarTo(reference string) []evals.Assertion {
	if strings.TrimSpace(reference) == "" {
		return nil
	}
	return []evals.Assertion{{Type: evals.AssertSimilar, Value: strings.TrimSpace(reference)}}
}

// reference is what a case expects the reply to resemble.
func reference(c evals.Case) string {
	for _, a := range c.Expect.Assert {
		if a.Type == evals.AssertSimilar || a.Type == evals.AssertEquals {
			return a.Value
		}
	}
	return strings.Join(c.Expect.MustContain, " ")
}

// errNoQuestion says that a case asks nothing.
var errNoQuestion = errors.New("there is no question")
