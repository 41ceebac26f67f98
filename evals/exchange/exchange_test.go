package exchange_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/exchange"
)

func read(format exchange.Format, text string) (evals.Suite, error) {
	return exchange.Read(strings.NewReader(text), exchange.Source{Format: format, Locale: "ar", Name: "s"})
}

func TestReadUnderstandsWhatOtherToolsWrite(t *testing.T) {
	t.Parallel()

	similar := []evals.Assertion{{Type: evals.AssertSimilar, Value: "0.12 %"}}
	tests := map[string]struct {
		format exchange.Format
		text   string
		want   evals.Case
	}{
		"CSV": {
			exchange.FormatCSV, "question,outcome,article,must_contain,tags,id\n\"提币\n\n---\n\n多久\",answered,withdrawal-pending,30|分钟,a|b,q1\n",
			evals.Case{
				ID: "q1", Conversation: []string{"提币", "多久"}, Locale: "ar", Tags: []string{"a", "b"},
				Expect: evals.Expect{Article: "withdrawal-pending", MustContain: []string{"30", "分钟"}, Outcome: assistant.OutcomeAnswered},
			},
		},
		"Promptfoo": {
			exchange.FormatPromptfoo, `
description: x
tests:
  - description: fees
    vars: {question: كم الرسوم, outcome: replied}
    assert:
      - {type: contains-any, value: ["0.12", "0,12"], metric: figure}
      - {type: latency, threshold: 500}
`,
			evals.Case{
				ID: "promptfoo-0001", Conversation: []string{"كم الرسوم"}, Locale: "ar",
				Expect: evals.Expect{
					Assert: []evals.Assertion{
						{Metric: "figure", Type: evals.AssertAnyOf, Values: []string{"0.12", "0,12"}}, {Threshold: 500, Type: evals.AssertMaxLatency},
					}, Outcome: evals.OutcomeReplied,
				},
			},
		},
		"Ragas": {
			exchange.FormatRagas, `{"user_input":[{"content":"hi","type":"human"},{"content":"hello","type":"ai"},{"content":"fee?","type":"human"}],` +
				`"reference":"0.12 %","retrieved_contexts":["x"],"reference_contexts":["y"]}`,
			evals.Case{
				ID: "ragas-0001", Conversation: []string{"hi", "fee?"}, Locale: "ar",
				Expect: evals.Expect{Assert: similar, Outcome: assistant.OutcomeAnswered},
			},
		},
		"Langfuse": {
			exchange.FormatLangfuse, `{"data":[{"id":"i1","input":{"question":"fee?"},"expectedOutput":"0.12 %","metadata":{"locale":"en"},"status":"ACTIVE"},` +
				`{"id":"i2","input":"old","status":"ARCHIVED"}]}`,
			evals.Case{
				ID: "i1", Conversation: []string{"fee?"}, Locale: "en", Expect: evals.Expect{Assert: similar, Outcome: assistant.OutcomeAnswered},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			suite, err := read(test.format, test.text)
			require.NoError(t, err)
			require.Equal(t, []evals.Case{test.want}, suite.Cases)
		})
	}
}

func TestReadNamesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		format exchange.Format
		text   string
		says   string
	}{
		"CSVColumn":       {exchange.FormatCSV, "question,mood\nx,y\n", `unknown column "mood"`},
		"CSVNoQuestion":   {exchange.FormatCSV, "id,question\na,\n", "line 2: there is no question"},
		"CSVOutcome":      {exchange.FormatCSV, "question,outcome\nx,solved\n", `line 2: outcome is "solved"`},
		"CSVQuote":        {exchange.FormatCSV, "question\n\"x\n", "line 2"},
		"CSVTwice":        {exchange.FormatCSV, "question,id\nx,a\ny,a\n", `"a" is used twice`},
		"PromptfooType":   {exchange.FormatPromptfoo, "tests: [{vars: {question: x}, assert: [{type: javascript, value: y}]}]", `type "javascript" means nothing here`},
		"PromptfooNoVars": {exchange.FormatPromptfoo, "tests: [{description: d}]", "test 1 (d): there is no question"},
		"PromptfooRegex":  {exchange.FormatPromptfoo, "tests: [{vars: {question: x}, assert: [{type: regex, value: '('}]}]", "no regular expression"},
		"PromptfooEmpty":  {exchange.FormatPromptfoo, "prompts: [x]", "there are no tests"},
		"RagasNoInput":    {exchange.FormatRagas, `{"reference":"x"}`, "sample 1: user_input: there is no question"},
		"RagasLine":       {exchange.FormatRagas, "{\"user_input\":\"x\"}\n{", "s:2:"},
		"LangfuseExpect":  {exchange.FormatLangfuse, `[{"id":"a","input":"x","expectedOutput":{"colour":"red"}}]`, "item 1 (a): expectedOutput"},
		"LangfuseGone":    {exchange.FormatLangfuse, `[{"id":"a","input":"x","status":"ARCHIVED"}]`, "every item is archived"},
		"Format":          {"xlsx", "", `unknown format "xlsx"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := read(test.format, test.text)
			require.ErrorContains(t, err, test.says)
		})
	}
}

// TestWhatIsWrittenIsReadAgain holds for everything that a format can say: these cases expect nothing else.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()

	similar := []evals.Assertion{{Type: evals.AssertSimilar, Value: "a fee of 0.12 %"}}
	suite := evals.Suite{Name: "s", KB: evals.SampleKB, Cases: []evals.Case{
		{ID: "one", Conversation: []string{"fee?"}, Locale: "en", Expect: evals.Expect{Assert: similar, Outcome: assistant.OutcomeAnswered}},
		{ID: "two", Conversation: []string{"你好", "手续费 \"多少\", 谢谢"}, Locale: "zh-Hans", Expect: evals.Expect{Outcome: evals.OutcomeAny}},
	}}
	for _, format := range []exchange.Format{exchange.FormatCSV, exchange.FormatLangfuse, exchange.FormatPromptfoo, exchange.FormatRagas} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()

			var written bytes.Buffer
			require.NoError(t, exchange.Write(&written, suite, format))
			again, err := read(format, written.String())
			require.NoError(t, err)
			want := suite.Cases
			if format == exchange.FormatRagas { // it knows no ids
				want = []evals.Case{want[0], want[1]}
				want[0].ID, want[1].ID = "ragas-0001", "ragas-0002"
			}
			require.Equal(t, want, again.Cases)
		})
	}
	var rows bytes.Buffer
	require.NoError(t, exchange.Write(&rows, suite, exchange.FormatJSONL))
	again, err := evals.ParseRows(&rows, "s.jsonl")
	require.NoError(t, err)
	require.Equal(t, suite.Cases, again.Cases)
}

func TestASpreadsheetRunsNoQuestion(t *testing.T) {
	t.Parallel()

	var written bytes.Buffer
	suite := evals.Suite{Cases: []evals.Case{{ID: "a", Conversation: []string{`=HYPERLINK("http://evil.example")`}}}}
	require.NoError(t, exchange.Write(&written, suite, exchange.FormatCSV))
	require.Contains(t, written.String(), `"'=HYPERLINK`)
}

func fuzz(f *testing.F, format exchange.Format, seeds ...string) {
	f.Helper()
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		suite, err := read(format, text)
		if err != nil {
			return
		}
		require.NotEmpty(t, suite.Cases)
		require.NoError(t, suite.Check())
		for _, format := range []exchange.Format{exchange.FormatCSV, exchange.FormatJSONL, exchange.FormatLangfuse, exchange.FormatPromptfoo} {
			require.NoError(t, exchange.Write(&bytes.Buffer{}, suite, format))
		}
	})
}

func FuzzCSV(f *testing.F) {
	fuzz(f, exchange.FormatCSV, "question,id,locale\nfee?,a,en\n", "\ufeffquestion,tags\n\"a\nb\",x|y\n", "question\n\n")
}

func FuzzPromptfoo(f *testing.F) {
	fuzz(f, exchange.FormatPromptfoo, "tests: [{vars: {question: x}, assert: [{type: contains, value: y}]}]", "- vars: {input: 提币}\n")
}

func FuzzRagas(f *testing.F) {
	fuzz(f, exchange.FormatRagas, `{"user_input":"x","reference":"y"}`, `{"user_input":[{"content":"x","type":"human"}]}`)
}

func FuzzLangfuse(f *testing.F) {
	fuzz(f, exchange.FormatLangfuse, `[{"id":"a","input":"x","expectedOutput":"y"}]`, `{"data":[{"id":"a","input":{"messages":[{"role":"user","content":"x"}]}}]}`)
}
