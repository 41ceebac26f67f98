package intent

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// packedExamples is the folder examples, packed: its text is three times the size.
//
//go:embed examples.zip
var packedExamples string

// OutOfScope is the label of examples that belong to no intent: weather, poems, homework. It has no dot, so it can
// never be an intent's id.
const OutOfScope = "out_of_scope"

// Example is a text as a customer types it, and the intent that it expresses.
type Example struct {
	// Intent is an intent's id or OutOfScope.
	Intent string
	// Language is a BCP 47 tag.
	Language string
	// Origin is the same for one message told in several languages; empty for one that was told once.
	Origin string
	Text   string
}

// DefaultExamples returns the examples that ship with the program, in the order of their files.
func DefaultExamples() ([]Example, error) {
	packed, err := zip.NewReader(strings.NewReader(packedExamples), int64(len(packedExamples)))
	if err != nil {
		return nil, fmt.Errorf("unpack examples: %w", err)
	}
	return ReadExamples(packed)
}

// ReadExamples returns the examples of a folder's files *.yaml (see ParseExamples) and *.tsv (see ParseRetold), in the order
// of their names. The error joins the problems of all files.
func ReadExamples(folder fs.FS) ([]Example, error) {
	names, err := exampleFiles(folder)
	if err != nil {
		return nil, err
	}
	var all []Example
	var problems []error
	for _, name := range names {
		examples, err := readExampleFile(folder, name)
		all, problems = append(all, examples...), append(problems, err)
	}
	return all, errors.Join(problems...)
}

func readExampleFile(folder fs.FS, name string) ([]Example, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open examples: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	if strings.HasSuffix(name, ".tsv") {
		return ParseRetold(f, name)
	}
	return ParseExamples(f, name)
}

func exampleFiles(folder fs.FS) ([]string, error) {
	var all []string
	for _, pattern := range []string{"*.yaml", "*.tsv"} {
		names, err := fs.Glob(folder, pattern)
		if err != nil {
			return nil, fmt.Errorf("list examples: %w", err)
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return all, nil
}

// PackExamples packs a folder of examples for the program, the same folder to the same bytes.
func PackExamples(folder fs.FS) ([]byte, error) {
	names, err := exampleFiles(folder)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read examples: %w", err)
		}
		w, err := archive.Create(name) // without a time, so that it does not matter when
		if err != nil {
			return nil, fmt.Errorf("pack examples: %w", err)
		}
		if _, err := w.Write(content); err != nil {
			return nil, fmt.Errorf("pack examples: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack examples: %w", err)
	}
	return packed.Bytes(), nil
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
