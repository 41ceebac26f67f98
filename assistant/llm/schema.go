package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxSchemaDepth bounds the nesting of an answer, and ends references that lead nowhere.
const maxSchemaDepth = 64

// compiledSchema checks answers against a JSON Schema (draft 2020-12). It knows the keywords that strict structured
// output has, and refuses to compile others, so that no rule is silently ignored.
type compiledSchema struct {
	defs map[string]*schemaNode
	root *schemaNode
}

// compileSchema reads a schema: type, properties, required, additionalProperties (true or false), items, enum, const,
// anyOf, $ref to "#" or "#/$defs/…", $defs, pattern, and the minimum and maximum of numbers, lengths and items.
// Annotations are skipped.
func compileSchema(raw json.RawMessage) (*compiledSchema, error) {
	out := &compiledSchema{defs: make(map[string]*schemaNode)}
	var top struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &top); err != nil {
		return nil, fmt.Errorf("decode schema: %w", err)
	}
	for name, def := range top.Defs {
		node, err := compileNode(def)
		if err != nil {
			return nil, fmt.Errorf("definition %s: %w", name, err)
		}
		out.defs["#/$defs/"+name] = node
	}
	root, err := compileNode(raw)
	if err != nil {
		return nil, err
	}
	out.root, out.defs["#"] = root, root
	return out, nil
}

// validate reports the first rule that value breaks, and where. The text names places and rules of the schema, never
// what the answer says.
func (s *compiledSchema) validate(value any) error { return s.check(s.root, value, place{path: "$"}) }

// place is where in the answer a check is.
type place struct {
	depth int
	path  string
}

func (p place) at(step string) place { return place{depth: p.depth + 1, path: p.path + step} }

func (p place) broken(rule string) error { return errors.New(p.path + " " + rule) }

func (s *compiledSchema) check(n *schemaNode, value any, at place) error {
	if at.depth > maxSchemaDepth {
		return errors.New("nested too deeply")
	}
	if n.Ref != "" {
		target, ok := s.defs[n.Ref]
		if !ok {
			return at.broken("refers to an unknown definition")
		}
		return s.check(target, value, place{depth: at.depth + 1, path: at.path})
	}
	if len(n.types) > 0 && !slices.ContainsFunc(n.types, func(t string) bool { return hasType(value, t) }) {
		return at.broken("is not of type " + strings.Join(n.types, " or "))
	}
	if n.enum != nil && !slices.ContainsFunc(n.enum, func(e any) bool { return reflect.DeepEqual(e, value) }) {
		return at.broken("is not one of the allowed values")
	}
	if n.AnyOf != nil && !slices.ContainsFunc(n.AnyOf, func(alternative *schemaNode) bool {
		return s.check(alternative, value, place{depth: at.depth + 1, path: at.path}) == nil
	}) {
		return at.broken("fits none of the alternatives")
	}
	switch value := value.(type) {
	case float64:
		return n.checkNumber(value, at)
	case string:
		return n.checkString(value, at)
	case []any:
		return s.checkArray(n, value, at)
	case map[string]any:
		return s.checkObject(n, value, at)
	default:
		return nil
	}
}

func (s *compiledSchema) checkArray(n *schemaNode, list []any, at place) error {
	if len(list) < n.MinItems || (n.MaxItems != nil && len(list) > *n.MaxItems) {
		return at.broken("has the wrong number of items")
	}
	if n.Items == nil {
		return nil
	}
	for i, item := range list {
		if err := s.check(n.Items, item, at.at("["+strconv.Itoa(i)+"]")); err != nil {
			return err
		}
	}
	return nil
}

func (s *compiledSchema) checkObject(n *schemaNode, object map[string]any, at place) error {
	for _, name := range n.Required {
		if _, ok := object[name]; !ok {
			return at.broken("lacks " + name)
		}
	}
	known := 0
	for _, name := range n.names {
		value, ok := object[name]
		if !ok {
			continue
		}
		known++
		if err := s.check(n.Properties[name], value, at.at("."+name)); err != nil {
			return err
		}
	}
	if n.AdditionalProperties != nil && !*n.AdditionalProperties && known < len(object) {
		return at.broken("has a property that is not allowed") // unnamed: the name is the model's text
	}
	return nil
}

// schemaNode is one level of a schema.
type schemaNode struct {
	AdditionalProperties *bool                  `json:"additionalProperties"`
	AnyOf                []*schemaNode          `json:"anyOf"`
	Const                json.RawMessage        `json:"const"`
	Enum                 []any                  `json:"enum"`
	Items                *schemaNode            `json:"items"`
	MaxItems             *int                   `json:"maxItems"`
	MaxLength            *int                   `json:"maxLength"`
	Maximum              *float64               `json:"maximum"`
	MinItems             int                    `json:"minItems"`
	MinLength            int                    `json:"minLength"`
	Minimum              *float64               `json:"minimum"`
	Pattern              string                 `json:"pattern"`
	Properties           map[string]*schemaNode `json:"properties"`
	Ref                  string                 `json:"$ref"`
	Required             []string               `json:"required"`
	Type                 json.RawMessage        `json:"type"`

	enum    []any // with const
	names   []string
	pattern *regexp.Regexp
	types   []string
}

func compileNode(raw json.RawMessage) (*schemaNode, error) {
	n := new(schemaNode)
	if err := json.Unmarshal(raw, n); err != nil {
		return nil, fmt.Errorf("decode schema: %w", err)
	}
	return n, nil
}

// isSchemaKeyword tells whether a member of a schema is checked here or says nothing about validity.
func isSchemaKeyword(name string) bool {
	switch name {
	case "$comment", "$defs", "$id", "$schema", "default", "description", "examples", "format", "title",
		"$ref", "additionalProperties", "anyOf", "const", "enum", "items", "maxItems", "maxLength", "maximum",
		"minItems", "minLength", "minimum", "pattern", "properties", "required", "type":
		return true
	default:
		return false
	}
}

// UnmarshalJSON decodes one level, and with it the levels below.
func (n *schemaNode) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return fmt.Errorf("decode schema level: %w", err)
	}
	for name := range members {
		if !isSchemaKeyword(name) {
			return fmt.Errorf("schema keyword %s is not supported", name)
		}
	}
	type plain schemaNode
	if err := json.Unmarshal(data, (*plain)(n)); err != nil {
		return fmt.Errorf("decode schema level: %w", err)
	}
	n.enum = n.Enum
	if n.Const != nil {
		var only any
		if err := json.Unmarshal(n.Const, &only); err != nil {
			return fmt.Errorf("decode const: %w", err)
		}
		n.enum = []any{only}
	}
	if n.Pattern != "" {
		pattern, err := regexp.Compile(n.Pattern)
		if err != nil {
			return fmt.Errorf("compile pattern: %w", err)
		}
		n.pattern = pattern
	}
	for name, property := range n.Properties {
		if property == nil {
			return fmt.Errorf("property %s has no schema", name)
		}
		n.names = append(n.names, name)
	}
	slices.Sort(n.names) // the same first error every time
	return n.decodeTypes()
}

func (n *schemaNode) checkNumber(value float64, at place) error {
	if (n.Minimum != nil && value < *n.Minimum) || (n.Maximum != nil && value > *n.Maximum) {
		return at.broken("is out of range")
	}
	return nil
}

func (n *schemaNode) checkString(value string, at place) error {
	length := utf8.RuneCountInString(value)
	if length < n.MinLength || (n.MaxLength != nil && length > *n.MaxLength) {
		return at.broken("has the wrong length")
	}
	if n.pattern != nil && !n.pattern.MatchString(value) {
		return at.broken("does not match its pattern")
	}
	return nil
}

func (n *schemaNode) decodeTypes() error {
	if n.Type == nil {
		return nil
	}
	var one string
	if json.Unmarshal(n.Type, &one) == nil {
		n.types = []string{one}
	} else if err := json.Unmarshal(n.Type, &n.types); err != nil {
		return fmt.Errorf("decode type: %w", err)
	}
	for _, name := range n.types {
		switch name {
		case "array", "boolean", "integer", "null", "number", "object", "string":
		default:
			return fmt.Errorf("unknown type %s", name)
		}
	}
	return nil
}

func hasType(value any, name string) bool {
	switch value := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || (name == "integer" && value == math.Trunc(value))
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	default:
		return false
	}
}
