package assistant

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/deskhand/deskhand/assistant/triage"
)

// MaxPolicyBytes bounds a policy as a file.
const MaxPolicyBytes = 256 << 10

// PolicyDocument is a policy as people write and read it: YAML in a file, JSON over HTTP. A field that is not written has the
// value of DefaultPolicy.
type PolicyDocument struct {
	AutoReply         *bool              `json:"auto_reply,omitempty"         yaml:"auto_reply,omitempty"`
	FirstResponse     map[string]string  `json:"first_response,omitempty"     yaml:"first_response,omitempty"`
	LargeAmounts      map[string]float64 `json:"large_amounts,omitempty"      yaml:"large_amounts,omitempty"`
	LeadOverrides     *[]string          `json:"lead_overrides,omitempty"     yaml:"lead_overrides,omitempty"`
	MaxClarifications *int               `json:"max_clarifications,omitempty" yaml:"max_clarifications,omitempty"`
	MinConfidence     *float64           `json:"min_confidence,omitempty"     yaml:"min_confidence,omitempty"`
	Mode              Mode               `json:"mode,omitempty"               yaml:"mode,omitempty"`
	Rules             []RuleDocument     `json:"rules,omitempty"              yaml:"rules,omitempty"`
	Shadow            bool               `json:"shadow"                       yaml:"shadow"`
	SilentIntents     []string           `json:"silent_intents,omitempty"     yaml:"silent_intents,omitempty"`
	SilentLanguages   []string           `json:"silent_languages,omitempty"   yaml:"silent_languages,omitempty"`
	TargetPrecision   float64            `json:"target_precision,omitempty"   yaml:"target_precision,omitempty"`
}

// RuleDocument is a Rule as people write it.
type RuleDocument struct {
	Channel         string  `json:"channel,omitempty"          yaml:"channel,omitempty"`
	Intent          string  `json:"intent,omitempty"           yaml:"intent,omitempty"`
	Language        string  `json:"language,omitempty"         yaml:"language,omitempty"`
	MinConfidence   float64 `json:"min_confidence,omitempty"   yaml:"min_confidence,omitempty"`
	Mode            Mode    `json:"mode,omitempty"             yaml:"mode,omitempty"`
	TargetPrecision float64 `json:"target_precision,omitempty" yaml:"target_precision,omitempty"`
}

// Document is p as people read it.
func (p Policy) Document() PolicyDocument {
	d := PolicyDocument{
		AutoReply: &p.AutoReply, FirstResponse: make(map[string]string, len(p.FirstResponse)), LargeAmounts: p.LargeAmounts,
		LeadOverrides:     &p.LeadOverrides,
		MaxClarifications: &p.MaxClarifications, MinConfidence: &p.MinConfidence, Mode: p.For(Scope{}).Mode, Shadow: p.Shadow,
		SilentIntents: p.SilentIntents, SilentLanguages: p.SilentLanguages, TargetPrecision: p.TargetPrecision,
	}
	for priority, within := range p.FirstResponse {
		d.FirstResponse[string(priority)] = shortDuration(within)
	}
	for _, rule := range p.Rules {
		d.Rules = append(d.Rules, RuleDocument(rule))
	}
	return d
}

// Policy returns the policy that d says. An Error with CodeInvalid names the field at fault.
func (d PolicyDocument) Policy() (Policy, error) {
	p := DefaultPolicy()
	if d.AutoReply != nil {
		p.AutoReply = *d.AutoReply
	}
	if d.MaxClarifications != nil {
		p.MaxClarifications = *d.MaxClarifications
	}
	if d.MinConfidence != nil {
		p.MinConfidence = *d.MinConfidence
	}
	if d.LargeAmounts != nil {
		p.LargeAmounts = d.LargeAmounts
	}
	if d.LeadOverrides != nil {
		p.LeadOverrides = *d.LeadOverrides
	}
	if d.Mode != "" {
		p.Mode = d.Mode
	}
	p.Shadow, p.TargetPrecision = d.Shadow, d.TargetPrecision
	p.SilentIntents, p.SilentLanguages = d.SilentIntents, d.SilentLanguages
	for _, rule := range d.Rules {
		p.Rules = append(p.Rules, Rule(rule))
	}
	for _, name := range slices.Sorted(maps.Keys(d.FirstResponse)) {
		if !triage.Priority(name).Valid() {
			return p, invalidField("first_response."+name, "is no priority: use P1, P2, P3 or P4")
		}
		within, err := time.ParseDuration(d.FirstResponse[name])
		if err != nil {
			return p, invalidField("first_response."+name, "is no time: write 15m or 8h")
		}
		p.FirstResponse[triage.Priority(name)] = within
	}
	return p, p.Validate()
}

// YAML is p as a file that ParsePolicy reads.
func (p Policy) YAML() (string, error) {
	text, err := yaml.MarshalWithOptions(p.Document(), yaml.IndentSequence(true))
	if err != nil {
		return "", fmt.Errorf("encode policy: %w", err)
	}
	return string(text), nil
}

// ParsePolicy reads a policy from YAML. intents are the ids of the desk's taxonomy. An Error with CodeInvalid names the line,
// the field and the fix.
func ParsePolicy(source string, intents []string) (Policy, error) {
	if len(source) > MaxPolicyBytes {
		return Policy{}, Errorf(CodeInvalid, "line 1: the policy is larger than 256 KB")
	}
	file, err := parser.ParseBytes([]byte(source), 0)
	if err != nil {
		return Policy{}, unreadable(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return Policy{}, Errorf(CodeInvalid, "line 1: the policy is empty: start from \"deskhand policy show\"")
	}
	var d PolicyDocument
	if err := yaml.NewDecoder(bytes.NewReader([]byte(source)), yaml.Strict()).Decode(&d); err != nil {
		return Policy{}, unreadable(err)
	}
	p, err := d.Policy()
	if err == nil {
		err = p.CheckNames(intents)
	}
	if invalid, ok := errors.AsType[*Error](err); ok {
		return p, &Error{
			Code: CodeInvalid, Field: invalid.Field, Message: fmt.Sprintf("line %d: %s", lineOf(file, invalid.Field), invalid.Message),
		}
	}
	return p, err
}

// unreadable turns the parser's words, which may quote the lead's own file, into an Error.
func unreadable(err error) error {
	line, problem := 1, err.Error()
	if located, ok := errors.AsType[yaml.Error](err); ok {
		problem = located.GetMessage()
		if token := located.GetToken(); token != nil && token.Position != nil {
			line = token.Position.Line
		}
	}
	problem, _, _ = strings.Cut(problem, "\n")
	if mistyped, ok := errors.AsType[*yaml.TypeError](err); ok {
		problem = "the value must be " + kindName(mistyped.DstType.Kind())
	} else if _, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
		problem = strings.NewReplacer("sequence", "a list", "mapping", "fields, a line each,").Replace(problem)
	} else if _, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		problem += ": \"deskhand policy show\" prints the fields"
	}
	return Errorf(CodeInvalid, "line %d: %s", line, problem)
}

// kindName is what a lead calls a kind of values.
func kindName(kind reflect.Kind) string {
	switch kind {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "text"
	default:
		return "fields of its own, a line each"
	}
}

// lineOf is the line of a field such as "rules[0].mode", or of its nearest parent that is written.
func lineOf(file *ast.File, field string) int {
	for path := "$." + field; path != "$" && path != ""; path = path[:max(strings.LastIndexAny(path, ".["), 0)] {
		parsed, err := yaml.PathString(path)
		if err != nil {
			continue
		}
		if node, err := parsed.FilterFile(file); err == nil && node != nil && node.GetToken() != nil {
			return node.GetToken().Position.Line
		}
	}
	return 1
}

// shortDuration writes 8h and not 8h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if rest, ok := strings.CutSuffix(text, "m0s"); ok {
		text = rest + "m"
	}
	if rest, ok := strings.CutSuffix(text, "h0m"); ok {
		text = rest + "h"
	}
	return text
}
