package llm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchemaAcceptsAndRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, schema, value, broken string }{
		{"additional allowed by default", `{"type":"object"}`, `{"x":1}`, ""},
		{"additional forbidden", `{"type":"object","additionalProperties":false}`, `{"secret":1}`, "$ has a property that is not allowed"},
		{"any of, first", `{"anyOf":[{"type":"null"},{"type":"string"}]}`, `null`, ""},
		{"any of, none", `{"anyOf":[{"type":"null"},{"type":"string"}]}`, `1`, "$ fits none of the alternatives"},
		{"const", `{"const":"a"}`, `"b"`, "$ is not one of the allowed values"},
		{"enum", `{"enum":["a",1,null]}`, `1`, ""},
		{"enum, other", `{"enum":["a",1]}`, `"1"`, "$ is not one of the allowed values"},
		{"integer", `{"type":"integer"}`, `3.0`, ""},
		{"integer, fraction", `{"type":"integer"}`, `3.5`, "$ is not of type integer"},
		{"items", `{"items":{"type":"string"}}`, `["a",2]`, "$[1] is not of type string"},
		{"length counts characters", `{"type":"string","minLength":2,"maxLength":2}`, `"提币"`, ""},
		{"length, too long", `{"maxLength":1}`, `"提币"`, "$ has the wrong length"},
		{"max items", `{"maxItems":1}`, `[1,2]`, "$ has the wrong number of items"},
		{"min items", `{"minItems":1}`, `[]`, "$ has the wrong number of items"},
		{"number range", `{"minimum":0,"maximum":1}`, `1.5`, "$ is out of range"},
		{"pattern", `{"pattern":"^[a-z]+$"}`, `"A"`, "$ does not match its pattern"},
		{"properties", `{"properties":{"a":{"type":"boolean"}}}`, `{"a":"true"}`, "$.a is not of type boolean"},
		{"reference to itself", `{"$ref":"#"}`, `1`, "nested too deeply"},
		{"reference to nothing", `{"$ref":"#/$defs/x"}`, `1`, "$ refers to an unknown definition"},
		{"required", `{"required":["a"]}`, `{}`, "$ lacks a"},
		{"tree", `{"$ref":"#/$defs/n","$defs":{"n":{"properties":{"l":{"$ref":"#/$defs/n"},"v":{"type":"number"}}}}}`, `{"l":{"l":{"v":"x"}}}`, "$.l.l.v is not of type number"},
		{"types", `{"type":["string","null"]}`, `null`, ""},
		{"types, other", `{"type":["string","null"]}`, `false`, "$ is not of type string or null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			schema, err := compileSchema(json.RawMessage(tt.schema))
			require.NoError(t, err)
			var value any
			require.NoError(t, json.Unmarshal([]byte(tt.value), &value))
			if tt.broken == "" {
				require.NoError(t, schema.validate(value))
				return
			}
			require.EqualError(t, schema.validate(value), tt.broken)
		})
	}
}

func TestDeepAnswersAreRefusedAndNotFollowed(t *testing.T) {
	t.Parallel()
	schema, err := compileSchema(json.RawMessage(`{"properties":{"a":{"$ref":"#"}}}`))
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)), &value))
	require.EqualError(t, schema.validate(value), "nested too deeply")
}

func TestSchemaThatCannotBeCheckedDoesNotCompile(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, `[]`, `{"type":"text"}`, `{"oneOf":[]}`, `{"properties":{"a":{"not":{}}}}`, `{"$defs":{"x":{"if":{}}}}`, `{"pattern":"("}`,
		`{"properties":{"a":null}}`, `{"additionalProperties":{"type":"string"}}`, `{"type":5}`,
	} {
		_, err := compileSchema(json.RawMessage(raw))
		require.Error(t, err, raw)
	}
}
