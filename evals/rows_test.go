package evals_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/evals"
)

func TestParseRowsReadsCasesAndHandOffRows(t *testing.T) {
	t.Parallel()

	suite, err := evals.ParseRows(strings.NewReader(
		`{"id": "a", "text": "有人登录了我的账户", "lang": "zh-Hans", "must_handoff": true, "intent": "security.account_hacked", "risks": ["account_takeover"]}
{"id": "b", "text": "ما هي الرسوم؟", "lang": "ar", "must_handoff": false}

{"id": "c", "conversation": ["hello"], "locale": "en", "expect": {"outcome": "clarify"}, "tags": ["greeting"]}
`), "some/rows.jsonl")
	require.NoError(t, err)
	require.Equal(t, evals.Suite{Name: "rows", KB: evals.SampleKB, Cases: []evals.Case{
		{
			ID: "a", Conversation: []string{"有人登录了我的账户"}, Locale: "zh-Hans", Tags: []string{evals.MandatoryTag},
			Expect: evals.Expect{
				Intent: "security.account_hacked", Outcome: assistant.OutcomeHandedOff, Risks: []risk.Risk{risk.AccountTakeover},
			},
		},
		{ID: "b", Conversation: []string{"ما هي الرسوم؟"}, Locale: "ar", Expect: evals.Expect{Outcome: evals.OutcomeReplied}},
		{
			ID: "c", Conversation: []string{"hello"}, Locale: "en", Tags: []string{"greeting"},
			Expect: evals.Expect{Outcome: assistant.OutcomeClarify},
		},
	}}, suite)
}

func TestParseRowsNamesTheLine(t *testing.T) {
	t.Parallel()

	good := `{"id": "a", "text": "x", "lang": "en", "must_handoff": false}` + "\n"
	tests := map[string]struct{ rows, says string }{
		"NotJSON":      {good + "{", "s.jsonl:2"},
		"NotAnObject":  {good + "[]", "s.jsonl:2"},
		"Empty":        {"", "the data set is empty"},
		"NoLabel":      {good + `{"id": "b", "text": "x", "lang": "en"}`, "s.jsonl:2: not a row of this data set: must_handoff is missing"},
		"NoID":         {`{"text": "x", "lang": "en", "must_handoff": false}`, "s.jsonl:1: not a row of this data set: id is missing"},
		"UnknownField": {good + `{"id": "b", "text": "x", "lang": "en", "must_handoff": false, "mood": 1}`, `s.jsonl:2: not a row of this data set: read row: json: unknown field "mood"`},
		"BadRisk":      {`{"id": "b", "text": "x", "lang": "en", "must_handoff": true, "risks": ["rain"]}`, `unknown risk "rain"`},
		"BadCase":      {good + `{"id": "b", "conversation": ["x"], "expect": {"outcome": "solved"}}`, "s.jsonl:2"},
		"DuplicateID":  {good + good, `the id "a" is used twice`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := evals.ParseRows(strings.NewReader(test.rows), "s.jsonl")
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "s.jsonl")
		})
	}
}

func TestHandOffSetsCanBeRunAsSuites(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"suites/handoff-dev.jsonl", "suites/handoff.jsonl"} {
		file, err := os.Open(name)
		require.NoError(t, err)
		defer file.Close()
		suite, err := evals.ParseRows(file, name)
		require.NoError(t, err)
		require.Greater(t, len(suite.Cases), 1000)
	}
}

func FuzzParseRows(f *testing.F) {
	f.Add(`{"id": "a", "text": "x", "lang": "en", "must_handoff": true, "risks": ["minor"]}`)
	f.Add(`{"id": "c", "conversation": ["hello"], "locale": "en", "expect": {"outcome": "clarify"}}`)
	f.Add("null\n{\"text\": null}")
	f.Fuzz(func(t *testing.T, text string) {
		suite, err := evals.ParseRows(strings.NewReader(text), "fuzz.jsonl")
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.jsonl") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		for _, c := range suite.Cases {
			if c.ID == "" || len(c.Conversation) == 0 || c.Expect.Outcome == "" {
				t.Errorf("accepted a bad case: %+v", c)
			}
		}
	})
}
