package intent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// SyntaxError is a problem in a YAML file and the line to look at.
type SyntaxError struct {
	// File is the name that the caller gave to Parse or ParseExamples.
	File string
	// Line counts from 1.
	Line int
	// Problem is one sentence without a full stop.
	Problem string
}

// Error returns `file:line: problem`.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// document walks a YAML tree and gathers problems instead of stopping at the first: someone who edits a file by hand
// wants to see all of them. It reads the tree rather than decoding into structs because only the tree has lines.
type document struct {
	body     ast.Node
	name     string
	problems []error
}

// field is the value of a mapping's key: text for a scalar, list for a sequence.
type field struct {
	line int
	list []ast.Node
	node ast.Node
	text string
}

func readDocument(r io.Reader, name string) (*document, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxYAMLBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxYAMLBytes {
		return nil, &SyntaxError{File: name, Line: 1, Problem: fmt.Sprintf("file is larger than %d MB", maxYAMLBytes>>20)}
	}
	if !utf8.Valid(data) {
		return nil, &SyntaxError{File: name, Line: invalidLine(data), Problem: "text is not valid UTF-8"}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxError(err, name)
	}
	doc := &document{name: name}
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if doc.body != nil {
			return nil, &SyntaxError{File: name, Line: lineOf(d.Body), Problem: "file has more than one document"}
		}
		doc.body = d.Body
	}
	if doc.body == nil {
		return nil, &SyntaxError{File: name, Line: 1, Problem: "file is empty"}
	}
	return doc, nil
}

// root returns the fields of the top mapping.
func (d *document) root(known map[string]bool) map[string]field {
	fields := d.fields(d.body, known)
	for name := range known {
		if _, ok := fields[name]; !ok && len(d.problems) == 0 {
			d.problemf(lineOf(d.body), "field %q is missing", name)
		}
	}
	return fields
}

// fields returns the members of a mapping by key. known maps a key to whether its value is a list; nil accepts every key
// with a value of any kind.
func (d *document) fields(node ast.Node, known map[string]bool) map[string]field {
	fields := make(map[string]field)
	d.each(node, func(key string, line int, value ast.Node) {
		isList, ok := known[key]
		if !ok {
			d.problemf(line, "unknown field %q (known: %s)", key, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			return
		}
		f := field{line: line, node: value}
		if isList {
			f.list = d.sequence(key, line, value)
		} else {
			f.text = d.scalar(key, line, value)
		}
		fields[key] = f
	})
	return fields
}

// each calls f for every member of a mapping in the order of the file, and reports a key that occurs twice.
func (d *document) each(node ast.Node, f func(key string, line int, value ast.Node)) {
	var members []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		members = n.Values
	case *ast.MappingValueNode:
		members = []*ast.MappingValueNode{n}
	default:
		d.problemf(lineOf(node), "expected a mapping (`key: value`)")
		return
	}
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		line := lineOf(m.Key)
		key := m.Key.GetToken().Value
		if seen[key] {
			d.problemf(line, "field %q occurs twice", key)
			continue
		}
		seen[key] = true
		f(key, line, m.Value)
	}
}

func (d *document) problemf(line int, format string, args ...any) {
	d.problems = append(d.problems, &SyntaxError{File: d.name, Line: line, Problem: fmt.Sprintf(format, args...)})
}

func (d *document) scalar(key string, line int, node ast.Node) string {
	switch n := node.(type) {
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		d.problemf(line, "field %q uses an anchor, alias or tag, which this file does not support", key)
		return ""
	case *ast.NullNode, nil:
		return ""
	case ast.ScalarNode:
		return n.GetToken().Value
	default:
		d.problemf(line, "field %q must be a text", key)
		return ""
	}
}

func (d *document) sequence(key string, line int, node ast.Node) []ast.Node {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.problemf(line, "field %q must be a list", key)
		return nil
	}
	return seq.Values
}

// text returns a required scalar; at is the line of the mapping that should have it.
func (d *document) text(fields map[string]field, key string, at int) string {
	f, ok := fields[key]
	if !ok {
		d.problemf(at, "field %q is missing", key)
		return ""
	}
	if strings.TrimSpace(f.text) == "" {
		d.problemf(f.line, "field %q is empty", key)
	}
	return strings.TrimSpace(f.text)
}

// texts returns a required list of scalars.
func (d *document) texts(fields map[string]field, key string, at int) []string {
	f, ok := fields[key]
	if !ok {
		d.problemf(at, "field %q is missing", key)
		return nil
	}
	var texts []string
	for _, node := range f.list {
		text := strings.TrimSpace(d.scalar(key, lineOf(node), node))
		if text == "" {
			d.problemf(lineOf(node), "field %q has an empty entry", key)
			continue
		}
		texts = append(texts, text)
	}
	return texts
}

func lineOf(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 1
	}
	line := node.GetToken().Position.Line
	// A mapping's own token is the colon of its first member; the member's key is where a reader looks.
	switch n := node.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return lineOf(n.Values[0])
		}
	case *ast.MappingValueNode:
		return lineOf(n.Key)
	}
	return line
}

func invalidLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

func syntaxError(err error, name string) error {
	var located yaml.Error
	if !errors.As(err, &located) {
		return &SyntaxError{File: name, Line: 1, Problem: err.Error()}
	}
	line := 1
	if tk := located.GetToken(); tk != nil && tk.Position != nil {
		line = tk.Position.Line
	}
	problem, _, _ := bytes.Cut([]byte(located.GetMessage()), []byte("\n"))
	return &SyntaxError{File: name, Line: line, Problem: string(problem)}
}
