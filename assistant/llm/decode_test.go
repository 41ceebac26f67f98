package llm

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodeObjectFindsTheOneObject(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"after reasoning":       {"<think>maybe {\"a\":2}?</think>\n{\"a\":1}", `{"a":1}`},
		"array":                 {`[1]`, ""},
		"between sentences":     {"Here you are: {\"a\":{\"b\":[1]}} Regards.", `{"a":{"b":[1]}}`},
		"bare":                  {`{"a":1}`, `{"a":1}`},
		"brace after it":        {`{"a":1} }`, ""},
		"brace in a string":     {`{"a":"}{"}`, `{"a":"}{"}`},
		"code fence":            {"```json\n{\"a\":1}\n```", `{"a":1}`},
		"cut off":               {`{"a":`, ""},
		"Chinese":               {`{"文":"提币"}`, `{"文":"提币"}`},
		"empty":                 {"", ""},
		"null":                  {"null", ""},
		"number out of range":   {`{"a":1e999}`, ""},
		"same key twice":        {`{"a":1,"a":2}`, ""},
		"same key twice, deep":  {`{"x":[{"a":1,"b":{},"a":2}]}`, ""},
		"same key in two":       {`{"x":{"a":1},"y":[{"a":1},{"a":2}]}`, `{"x":{"a":1},"y":[{"a":1},{"a":2}]}`},
		"string value as a key": {`{"a":"a","b":"a"}`, `{"a":"a","b":"a"}`},
		"two objects":           {`{"a":1}{"a":2}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _, err := decodeObject(tt.answer)
			require.Equal(t, tt.want, text)
			require.Equal(t, tt.want == "", err != nil)
		})
	}
}

func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{
		`{"a":1}`, "```json\n{}\n```", `{"a":{"a":[{"b":"\u0000"}]},"c":1e5}`, `<think>{}</think>{"x":"}"}`, `{"a":1,"a":2}`, "{{", "\xff{",
	} {
		f.Add(seed)
	}
	schema, err := compileSchema(json.RawMessage(`{"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false}`))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, answer string) {
		text, value, err := decodeObject(answer)
		if err != nil {
			require.Empty(t, text)
			require.LessOrEqual(t, len(err.Error()), 40, "an error is one of two fixed texts")
			return
		}
		require.Contains(t, answer, text)
		var again map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &again))
		require.Equal(t, value, again)
		_ = schema.validate(value) // must not panic or hang
	})
}
