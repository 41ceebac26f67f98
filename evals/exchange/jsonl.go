package exchange

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
)

// ragasRow is a sample of a ragas data set. The question is a text, or the messages of a conversation.
type ragasRow struct {
	Locale            string          `json:"locale,omitempty"`
	Reference         string          `json:"reference,omitempty"`
	ReferenceContexts []string        `json:"reference_contexts,omitempty"`
	Retrieved         []string        `json:"retrieved_contexts,omitempty"`
	Response          string          `json:"response,omitempty"`
	Rubrics           json.RawMessage `json:"rubrics,omitempty"`
	UserInput         json.RawMessage `json:"user_input"`
}

// readRagas reads a data set with one sample a line. What an earlier system retrieved and replied is not what is expected now; a
// sample with a reference expects a reply that resembles it.
func readRagas(content []byte, source Source) ([]evals.Case, error) {
	rows, err := evals.ReadRows[ragasRow](bytes.NewReader(content), source.Name)
	if err != nil {
		return nil, err
	}
	cases := make([]evals.Case, len(rows))
	for i, row := range rows {
		conversation, err := asked(row.UserInput)
		if err != nil {
			return nil, fmt.Errorf("sample %d: user_input: %w", i+1, err)
		}
		cases[i] = evals.Case{
			Conversation: conversation, Locale: cmp.Or(row.Locale, source.Locale),
			Expect: evals.Expect{Assert: similarTo(row.Reference), Outcome: evals.OutcomeAny},
		}
		if row.Reference != "" {
			cases[i].Expect.Outcome = assistant.OutcomeAnswered
		}
	}
	return cases, nil
}

// asked reads a question: a text, a list of messages of which those of the person count, or an object with one of them.
func asked(raw json.RawMessage) ([]string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if all := turns(text); len(all) > 0 {
			return all, nil
		}
		return nil, errNoQuestion
	}
	var messages []message
	if json.Unmarshal(raw, &messages) == nil {
		return said(messages)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		for _, name := range append([]string{"messages", "conversation"}, questionVars()...) {
			if inner, ok := object[name]; ok && !bytes.HasPrefix(bytes.TrimSpace(inner), []byte("{")) {
				return asked(inner)
			}
		}
	}
	return nil, errNoQuestion
}

// message is a turn of a conversation as chat formats write it.
type message struct {
	Content string `json:"content"`
	Role    string `json:"role"`
	Type    string `json:"type"`
}

// said are the turns of the person among messages.
func said(messages []message) ([]string, error) {
	var all []string
	for _, m := range messages {
		if kind := cmp.Or(m.Role, m.Type); (kind == "user" || kind == "human") && strings.TrimSpace(m.Content) != "" {
			all = append(all, strings.TrimSpace(m.Content))
		}
	}
	if len(all) == 0 {
		return nil, errNoQuestion
	}
	return all, nil
}

func writeRagas(w io.Writer, suite evals.Suite) error {
	for _, c := range suite.Cases {
		var input any = c.Conversation[0]
		if len(c.Conversation) > 1 {
			messages := make([]map[string]string, len(c.Conversation))
			for i, turn := range c.Conversation {
				messages[i] = map[string]string{"content": turn, "type": "human"}
			}
			input = messages
		}
		encoded, err := json.Marshal(input)
		if err != nil {
			return err
		}
		if err := writeLine(w, ragasRow{Locale: c.Locale, Reference: reference(c), UserInput: encoded}); err != nil {
			return err
		}
	}
	return nil
}

// langfuseItem is an item of a Langfuse dataset, as its API and its export give it.
type langfuseItem struct {
	ID             string          `json:"id"`
	ExpectedOutput json.RawMessage `json:"expectedOutput,omitempty"`
	Input          json.RawMessage `json:"input"`
	Metadata       map[string]any  `json:"metadata,omitempty"`
	Status         string          `json:"status,omitempty"`
}

// readLangfuse reads items one a line, as a list, or as a page of the API. Archived items are left out. An expected output is a
// text that the reply must resemble, or what a case expects as its suite would write it.
func readLangfuse(content []byte, source Source) ([]evals.Case, error) {
	items, err := langfuseItems(content, source)
	if err != nil {
		return nil, err
	}
	var cases []evals.Case
	for i, item := range items {
		if item.Status == "ARCHIVED" {
			continue
		}
		c := evals.Case{ID: item.ID, Locale: source.Locale}
		if locale, ok := item.Metadata["locale"].(string); ok && locale != "" {
			c.Locale = locale
		}
		if c.Conversation, err = asked(item.Input); err != nil {
			return nil, fmt.Errorf("item %d (%s): input: %w", i+1, item.ID, err)
		}
		if c.Expect, err = expected(item.ExpectedOutput); err != nil {
			return nil, fmt.Errorf("item %d (%s): expectedOutput: %w", i+1, item.ID, err)
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, errors.New("every item is archived")
	}
	return cases, nil
}

func langfuseItems(content []byte, source Source) ([]langfuseItem, error) {
	var items []langfuseItem
	if json.Unmarshal(content, &items) == nil && len(items) > 0 {
		return items, nil
	}
	var page struct {
		Data []langfuseItem `json:"data"`
	}
	if json.Unmarshal(content, &page) == nil && len(page.Data) > 0 {
		return page.Data, nil
	}
	return evals.ReadRows[langfuseItem](bytes.NewReader(content), source.Name)
}

func expected(raw json.RawMessage) (evals.Expect, error) {
	expect := evals.Expect{Outcome: evals.OutcomeAny}
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return expect, nil
	case json.Unmarshal(raw, &text) == nil:
		if expect.Assert = similarTo(text); expect.Assert != nil {
			expect.Outcome = assistant.OutcomeAnswered
		}
		return expect, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&expect); err != nil {
		return expect, fmt.Errorf("neither a text nor what a case expects: %w", err)
	}
	return expect, nil
}

func writeLangfuse(w io.Writer, suite evals.Suite) error {
	for _, c := range suite.Cases {
		expect, err := json.Marshal(c.Expect)
		if err != nil {
			return err
		}
		input, err := json.Marshal(map[string]any{"conversation": strings.Join(c.Conversation, turnBreak)})
		if err != nil {
			return err
		}
		item := langfuseItem{ExpectedOutput: expect, ID: c.ID, Input: input, Metadata: map[string]any{"locale": c.Locale, "tags": c.Tags}}
		if err := writeLine(w, item); err != nil {
			return err
		}
	}
	return nil
}

func writeJSONL(w io.Writer, suite evals.Suite) error {
	for _, c := range suite.Cases {
		if err := writeLine(w, c); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
