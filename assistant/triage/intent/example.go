package intent

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

//go:embed examples/*.yaml
var exampleFiles embed.FS

// OutOfScope is the label of examples that belong to no intent: weather, poems, homework. It has no dot, so it can
// never be an intent's id.
const OutOfScope = "out_of_scope"

// Example is a text as a customer types it, and the intent that it expresses.
type Example struct {
	// Intent is an intent's id or OutOfScope.
	Intent string
	// Language is a BCP 47 tag.
	Language string
	Text     string
}

// DefaultExamples returns the examples that ship with the program, in the order of their files.
func DefaultExamples() ([]Example, error) {
	names, err := fs.Glob(exampleFiles, "examples/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list examples: %w", err)
	}
	var all []Example
	for _, name := range names {
		f, err := exampleFiles.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open examples: %w", err)
		}
		examples, err := ParseExamples(f, name)
		_ = f.Close() // an embedded file has nothing to close
		if err != nil {
			return nil, err
		}
		all = append(all, examples...)
	}
	return all, nil
}

// ParseExamples reads example utterances: a YAML mapping from intent to language to a block of text with one utterance
// a line. Empty lines do not count. name stands for the file in errors.
//
//	deposit.how_to:
//	  en: |
//	    how do i deposit usdt
//	    where is my btc address
//
// The error joins every problem found, each a *SyntaxError with its line. Whether an intent exists is not checked here:
// the file may be older or newer than the taxonomy.
func ParseExamples(r io.Reader, name string) ([]Example, error) {
	doc, err := readDocument(r, name)
	if err != nil {
		return nil, fmt.Errorf("parse examples: %w", err)
	}
	var examples []Example
	seen := make(map[string]string)
	doc.each(doc.body, func(label string, line int, languages ast.Node) {
		if label != OutOfScope && !intentID.MatchString(label) {
			doc.problemf(line, "%q is neither <category>.<name> nor %s", label, OutOfScope)
			return
		}
		doc.each(languages, func(language string, line int, value ast.Node) {
			n, at := 0, line
			for text := range strings.Lines(doc.scalar(language, line, value)) {
				at++
				text = strings.TrimSpace(text)
				if text == "" {
					continue
				}
				n++
				if other, taken := seen[text]; taken {
					doc.problemf(at, "example %q is also under %s", text, other)
					continue
				}
				seen[text] = label
				examples = append(examples, Example{Intent: label, Language: language, Text: text})
			}
			if n == 0 {
				doc.problemf(line, "%s has no examples in %q", label, language)
			}
		})
	})
	if err := errors.Join(doc.problems...); err != nil {
		return nil, fmt.Errorf("parse examples: %w", err)
	}
	return examples, nil
}
