package llmtest

import (
	"encoding/json"
	"strings"
)

// maxSchemaDepth ends recursive schemas.
const maxSchemaDepth = 32

// schema is the part of JSON Schema that strict structured output allows and a minimal value depends on.
type schema struct {
	AnyOf      []*schema          `json:"anyOf"`
	Const      json.RawMessage    `json:"const"`
	Defs       map[string]*schema `json:"$defs"`
	Enum       []json.RawMessage  `json:"enum"`
	Items      *schema            `json:"items"`
	MinItems   int                `json:"minItems"`
	MinLength  int                `json:"minLength"`
	Minimum    *json.Number       `json:"minimum"`
	Properties map[string]*schema `json:"properties"`
	Ref        string             `json:"$ref"`
	Required   []string           `json:"required"`
	Type       json.RawMessage    `json:"type"`
}

// MinimalJSON returns the smallest JSON value that satisfies a schema: required properties only, "", 0, false, [],
// the first value of an enumeration, the first alternative of anyOf. A schema that it cannot read yields "{}".
func MinimalJSON(raw json.RawMessage) string {
	var root schema
	if json.Unmarshal(raw, &root) != nil {
		return "{}"
	}
	out, err := json.Marshal(root.minimal(&root, 0))
	if err != nil {
		return "{}"
	}
	return string(out)
}

func (s *schema) minimal(root *schema, depth int) any {
	if s == nil || depth > maxSchemaDepth {
		return nil
	}
	switch {
	case s.Ref == "#":
		return root.minimal(root, depth+1)
	case s.Ref != "":
		return root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].minimal(root, depth+1)
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AnyOf) > 0:
		return s.AnyOf[0].minimal(root, depth+1)
	}
	switch s.firstType() {
	case "array":
		list := make([]any, s.MinItems)
		for i := range list {
			list[i] = s.Items.minimal(root, depth+1)
		}
		return list
	case "boolean":
		return false
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 0
	case "object":
		object := make(map[string]any, len(s.Required))
		for _, name := range s.Required {
			object[name] = s.Properties[name].minimal(root, depth+1)
		}
		return object
	case "string":
		return strings.Repeat("x", s.MinLength)
	default:
		return nil
	}
}

func (s *schema) firstType() string {
	var one string
	if json.Unmarshal(s.Type, &one) == nil {
		return one
	}
	var many []string
	if json.Unmarshal(s.Type, &many) == nil && len(many) > 0 {
		return many[0]
	}
	if s.Properties != nil {
		return "object"
	}
	return ""
}
