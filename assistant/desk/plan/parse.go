package plan

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a desk's time zone must not depend on what the machine has installed

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/deskhand/deskhand/assistant/triage"
)

// MaxBytes bounds a plan: a thousand agents have some 100 KB.
const MaxBytes = 1 << 20

//go:embed example.yaml
var example string

// Example is a plan to start from, with a comment for each field.
func Example() string { return example }

// Error is a mistake in a plan.
type Error struct {
	Line    int
	Problem string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// The document as it is written. What is a pointer tells "not written" from "empty".
type (
	document struct {
		Abandon    string            `yaml:"abandon"`
		Agents     []agentNode       `yaml:"agents"`
		Complaints *complaintsNode   `yaml:"complaints"`
		Escalation escalationNode    `yaml:"escalation"`
		FollowUp   string            `yaml:"follow_up"`
		Holidays   []string          `yaml:"holidays"`
		Hours      any               `yaml:"hours"`
		Lease      string            `yaml:"lease"`
		Queues     []queueNode       `yaml:"queues"`
		Reopen     string            `yaml:"reopen"`
		SLA        map[string]target `yaml:"sla"`
		TimeZone   string            `yaml:"time_zone"`
		WarnAt     *float64          `yaml:"warn_at"`
	}
	agentNode struct {
		Capacity  int      `yaml:"capacity"`
		Languages []string `yaml:"languages"`
		Name      string   `yaml:"name"`
		Skills    []string `yaml:"skills"`
	}
	complaintsNode struct {
		Default string       `yaml:"default"`
		Regimes []regimeNode `yaml:"regimes"`
	}
	escalationNode struct {
		Queue         string `yaml:"queue"`
		RaisePriority bool   `yaml:"raise_priority"`
	}
	queueNode struct {
		Holidays  *[]string         `yaml:"holidays"`
		Hours     any               `yaml:"hours"`
		Intents   []string          `yaml:"intents"`
		Languages []string          `yaml:"languages"`
		Name      string            `yaml:"name"`
		Push      bool              `yaml:"push"`
		SLA       map[string]target `yaml:"sla"`
		Skills    []string          `yaml:"skills"`
		TimeZone  string            `yaml:"time_zone"`
	}
	regimeNode struct {
		Decide        string   `yaml:"decide"`
		Extended      string   `yaml:"extended"`
		Holidays      []string `yaml:"holidays"`
		Intents       []string `yaml:"intents"`
		Jurisdictions []string `yaml:"jurisdictions"`
		Name          string   `yaml:"name"`
		Progress      string   `yaml:"progress"`
		TimeZone      string   `yaml:"time_zone"`
		WarnDays      *int     `yaml:"warn_days"`
	}
	target struct {
		FirstResponse string `yaml:"first_response"`
		NextResponse  string `yaml:"next_response"`
		Resolution    string `yaml:"resolution"`
	}
)

// Parse reads a plan. Mistakes are Errors, joined, in the order of their lines.
func Parse(source string) (*Plan, error) {
	if len(source) > MaxBytes {
		return nil, &Error{Line: 1, Problem: "the plan is larger than 1 MB"}
	}
	file, err := parser.ParseBytes([]byte(source), 0)
	if err != nil {
		return nil, yamlError(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &Error{Line: 1, Problem: "the plan is empty: start from \"deskhand desk example\""}
	}
	var doc document
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(source)), yaml.Strict(), yaml.DisallowUnknownField())
	if err := decoder.Decode(&doc); err != nil {
		return nil, yamlError(err)
	}
	b := &builder{doc: doc, file: file}
	p := b.build()
	if len(b.problems) > 0 {
		slices.SortStableFunc(b.problems, func(a, b *Error) int { return a.Line - b.Line })
		joined := make([]error, len(b.problems))
		for i, problem := range b.problems {
			joined[i] = problem
		}
		return nil, errors.Join(joined...)
	}
	p.Source = source
	return p, nil
}

// yamlError turns the parser's words into an Error. They may quote the document, which is the lead's own.
func yamlError(err error) error {
	var located yaml.Error
	if !errors.As(err, &located) {
		return &Error{Line: 1, Problem: firstLine(err.Error())}
	}
	line := 1
	if token := located.GetToken(); token != nil && token.Position != nil {
		line = token.Position.Line
	}
	return &Error{Line: line, Problem: firstLine(located.GetMessage())}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// builder turns a document into a Plan and collects what is wrong with it.
type builder struct {
	doc      document
	file     *ast.File
	problems []*Error
}

// failf notes a problem of the node at a path such as "$.queues[0].name", or of its nearest parent that is written.
func (b *builder) failf(path, format string, args ...any) {
	b.problems = append(b.problems, &Error{Line: b.line(path), Problem: fmt.Sprintf(format, args...)})
}

func (b *builder) line(path string) int {
	for path != "$" && path != "" {
		if parsed, err := yaml.PathString(path); err == nil {
			if node, err := parsed.FilterFile(b.file); err == nil && node != nil && node.GetToken() != nil {
				return node.GetToken().Position.Line
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 1
}

// duration reads a time such as "90m", "8h" or "3d". A day is 24 hours of whatever is counted.
func (b *builder) duration(path, text string) time.Duration {
	if text == "" {
		return 0
	}
	number, isDays := strings.CutSuffix(text, "d")
	if isDays {
		number += "h"
	}
	d, err := time.ParseDuration(number)
	if isDays {
		d *= 24
	}
	if err != nil || d <= 0 || d > maxDuration {
		b.failf(path, "%q is no time above zero and up to 366d: write 15m, 8h or 3d", text)
		return 0
	}
	return d
}

// maxDuration keeps a misprint from being a promise for the next century.
const maxDuration = 366 * 24 * time.Hour

func (b *builder) targets(path string, nodes map[string]target, base map[triage.Priority]Targets) map[triage.Priority]Targets {
	targets := make(map[triage.Priority]Targets, len(base))
	maps.Copy(targets, base)
	for name, node := range nodes {
		at := path + "." + name
		if !triage.Priority(name).Valid() {
			b.failf(path, "%q is no priority: use P1, P2, P3 or P4", name)
			continue
		}
		targets[triage.Priority(name)] = Targets{
			FirstResponse: b.duration(at+".first_response", node.FirstResponse),
			NextResponse:  b.duration(at+".next_response", node.NextResponse),
			Resolution:    b.duration(at+".resolution", node.Resolution),
		}
	}
	return targets
}
