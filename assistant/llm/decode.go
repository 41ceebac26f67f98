package llm

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// errNotJSON says that an answer is not one JSON object; it does not say what the answer is.
var errNotJSON = errors.New("not one JSON object")

// decodeObject finds the JSON object in an answer and returns its text and value. Models without enforced schemas put
// it into a code fence, after their reasoning or between sentences; all that is stripped. Two objects are ambiguous
// and refused, as is anything else.
func decodeObject(answer string) (string, map[string]any, error) {
	text := answer
	if _, after, found := strings.Cut(text, "</think>"); found && strings.HasPrefix(strings.TrimSpace(text), "<think>") {
		text = after
	}
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return "", nil, errNotJSON
	}
	text = text[start:]
	decoder := json.NewDecoder(strings.NewReader(text))
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		return "", nil, errNotJSON
	}
	end := decoder.InputOffset()
	rest := text[end:]
	if strings.ContainsAny(rest, "{}") {
		return "", nil, errNotJSON
	}
	text = text[:end]
	if err := uniqueKeys(json.NewDecoder(strings.NewReader(text))); err != nil {
		return "", nil, err
	}
	return text, value, nil
}

// uniqueKeys refuses objects that name a property twice: readers disagree about which one counts, so what was checked
// might not be what is used.
func uniqueKeys(decoder *json.Decoder) error {
	type level struct {
		keys  map[string]struct{} // nil for an array
		value bool                // a key was read and its value is next
	}
	var stack []level
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errNotJSON
		}
		top := len(stack) - 1
		if key, isString := token.(string); isString && top >= 0 && stack[top].keys != nil && !stack[top].value {
			if _, seen := stack[top].keys[key]; seen {
				return errors.New("a property is named twice")
			}
			stack[top].keys[key] = struct{}{}
			stack[top].value = true
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{keys: map[string]struct{}{}})
			continue
		case json.Delim('['):
			stack = append(stack, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
		}
		if top >= 0 {
			stack[top].value = false
		}
	}
}
