package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/pelletier/go-toml/v2"

	"github.com/deskhand/deskhand/retrieval"
)

// matter is the front matter of a documentation tree, where fields that mean nothing here are no mistake.
type matter map[string]matterValue

// matterValue is a text or a list of texts; what is neither is left out.
type matterValue struct {
	line int
	list []string
	text string
}

// splitMatter separates front matter in YAML (---), TOML (+++) or JSON ({) from the text below it. Neither the one nor the
// other need be there. Lines count from 1 at the start of the file.
func splitMatter(file, text string) (fields matter, body string, err error) {
	switch {
	case strings.HasPrefix(text, "---\n"):
		raw, body, err := splitFrontMatter(file, text)
		if err != nil {
			return nil, "", err
		}
		fields, err = yamlMatter(file, raw)
		return fields, body, err
	case strings.HasPrefix(text, "+++\n"):
		raw, body, found := strings.Cut("\n"+text[len("+++\n"):], "\n+++")
		if !found || len(raw) > maxFrontMatter {
			return nil, "", &retrieval.Problem{
				File: file, Fix: "close it with a line of +++", Line: 1, Message: "the front matter does not end",
			}
		}
		fields, err = tomlMatter(file, raw)
		return fields, body, err
	case strings.HasPrefix(text, "{\n"), strings.HasPrefix(text, "{\""):
		return jsonMatter(file, text)
	}
	return matter{}, text, nil
}

func yamlMatter(file, raw string) (matter, error) {
	const opening = 1
	parsed, err := parser.ParseBytes([]byte(raw), 0)
	if err != nil {
		return nil, yamlProblem(file, err)
	}
	fields := matter{}
	if len(parsed.Docs) == 0 {
		return fields, nil
	}
	var values []*ast.MappingValueNode
	switch node := parsed.Docs[0].Body.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	}
	for _, value := range values {
		field := fieldReader{file: file, key: value.Key.String(), node: value.Value}
		entry := matterValue{}
		if at := value.Key.GetToken(); at != nil && at.Position != nil {
			entry.line = at.Position.Line + opening
		}
		if text, ok := scalar(value.Value); ok {
			entry.text = strings.TrimSpace(text)
		} else if list, err := field.list(); err == nil {
			entry.list = list
		} else {
			continue
		}
		fields[strings.Trim(field.key, `"'`)] = entry
	}
	return fields, nil
}

func tomlMatter(file, raw string) (matter, error) {
	var values map[string]any
	if err := toml.Unmarshal([]byte(raw), &values); err != nil {
		problem := &retrieval.Problem{
			File: file, Fix: "write one field = \"value\" a line", Line: 1, Message: "the front matter is not TOML",
		}
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, _ := at.Position()
			problem.Line, problem.Message = row, problem.Message+": "+at.Error()
		}
		return nil, problem
	}
	return matterOf(values), nil
}

func jsonMatter(file, text string) (matter, string, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text[:min(len(text), 2*maxFrontMatter)])))
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return nil, "", &retrieval.Problem{File: file, Fix: "write it as one JSON object", Line: 1, Message: "the front matter is not JSON"}
	}
	return matterOf(values), text[decoder.InputOffset():], nil
}

// matterOf keeps the texts, dates, numbers and lists of texts of decoded front matter.
func matterOf(values map[string]any) matter {
	fields := matter{}
	for key, value := range values {
		switch v := value.(type) {
		case []any:
			var list []string
			for _, item := range v {
				if text, ok := item.(string); ok {
					list = append(list, text)
				}
			}
			fields[key] = matterValue{line: 1, list: list}
		case map[string]any, nil:
		case time.Time:
			fields[key] = matterValue{line: 1, text: v.Format(retrieval.DateLayout)}
		default:
			fields[key] = matterValue{line: 1, text: strings.TrimSpace(fmt.Sprint(v))}
		}
	}
	return fields
}

// first returns the first of the named fields that has a text.
func (m matter) first(keys ...string) string {
	for _, key := range keys {
		if m[key].text != "" {
			return m[key].text
		}
	}
	return ""
}

// all returns the items of the named lists; a single text is a list of one.
func (m matter) all(keys ...string) []string {
	var items []string
	for _, key := range keys {
		items = append(items, m[key].list...)
		if m[key].text != "" {
			items = append(items, m[key].text)
		}
	}
	return items
}

// deskFields sets what the desk's own fields say. A mistake in one of them is a mistake here too.
func (m matter) deskFields(a *retrieval.Article) error {
	problem := func(key, message, fix string) error {
		return &retrieval.Problem{Field: key, File: a.File, Fix: fix, Line: m[key].line, Message: message}
	}
	if text := m.first("audience"); text != "" {
		a.Audience = retrieval.Audience(text)
	}
	if text := m.first("status"); text != "" {
		a.Status = retrieval.Status(text)
	}
	if m.first("draft") == "true" {
		a.Status = retrieval.StatusDraft
	}
	for _, key := range []string{"review_by", "expiryDate"} {
		text := m.first(key)
		if text == "" {
			continue
		}
		date, err := time.Parse(retrieval.DateLayout, text[:min(len(text), len(retrieval.DateLayout))])
		if err != nil {
			return problem(key, fmt.Sprintf("%q is not a date", retrieval.Shorten(text)), "write it as 2027-01-31")
		}
		a.ReviewBy = date
		break
	}
	a.Jurisdictions = m["jurisdictions"].list
	return nil
}
