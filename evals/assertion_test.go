package evals_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/evals"
)

func TestAssertionsLookAtEveryStage(t *testing.T) {
	t.Parallel()

	got := evals.Result{
		Articles: []string{"trading-fees", "vip"}, CompletionTokens: 50, CostUSD: 0.02, Language: "en", Latency: 30 * time.Millisecond,
		Outcome: assistant.OutcomeAnswered, PromptTokens: 900, Reply: "The Taker fee is 0.12 %.", Risks: []string{"complaint"},
		Trace: &evals.Trace{
			Draft: "Dear customer", Reasons: []string{"guard:link", "low_confidence"}, Redactions: []string{"password"},
			Retrieved: []evals.Retrieved{{Slug: "vip"}, {Slug: "trading-fees", Text: "the taker fee is 0.12 % of each fill"}},
			Sentences: []evals.Sentence{{Articles: []string{"trading-fees"}, Text: "The Taker fee is 0.12 %."}, {Text: "Ask us."}},
		},
	}
	type assertion = evals.Assertion
	tests := map[string]struct{ holds, fails assertion }{
		"any_of":          {assertion{Values: []string{"maker", "taker"}}, assertion{Values: []string{"maker"}}},
		"cited_sentences": {assertion{Threshold: 0.5}, assertion{}},
		"cites":           {assertion{Values: []string{"vip", "trading-fees"}}, assertion{Value: "deposits"}},
		"contains":        {assertion{Value: "Taker"}, assertion{Value: "taker"}},
		"draft_contains":  {assertion{Value: "dear"}, assertion{Value: "sir"}},
		"equals":          {assertion{Value: "The Taker fee is 0.12 %."}, assertion{Value: "The Taker fee"}},
		"forbidden":       {assertion{Value: "refund"}, assertion{Values: []string{"refund", "dear"}}},
		"grounded":        {assertion{Threshold: 0.01}, assertion{}}, // "Ask us." stands nowhere
		"guard":           {assertion{Value: "link"}, assertion{Value: "number"}},
		"icontains":       {assertion{Value: "taker FEE"}, assertion{Value: "maker"}},
		"json_path":       {assertion{Value: "$.trace.retrieved[0].slug", Equals: "vip"}, assertion{Value: "$.outcome", Equals: "clarify"}},
		"language":        {assertion{Value: "en"}, assertion{Value: "ar"}},
		"max_cost_usd":    {assertion{Threshold: 0.02}, assertion{Threshold: 0.01}},
		"max_latency_ms":  {assertion{Threshold: 30}, assertion{Threshold: 29}},
		"max_tokens":      {assertion{Threshold: 950}, assertion{Threshold: 949}},
		"no_risk":         {assertion{Value: "sim_swap"}, assertion{Value: "any"}},
		"not_contains":    {assertion{Value: "maker"}, assertion{Value: "TAKER"}},
		"not_regex":       {assertion{Value: `\d{3}`}, assertion{Value: `0\.\d+`}},
		"only_cites":      {assertion{Values: []string{"vip", "trading-fees"}}, assertion{Value: "vip"}},
		"reason":          {assertion{Value: "low_"}, assertion{Value: "risk:"}},
		"redacted":        {assertion{Value: "password"}, assertion{Value: "none"}},
		"regex":           {assertion{Value: `0[.,]12 ?%`}, assertion{Value: `^0`}},
		"retrieved":       {assertion{Value: "trading-fees"}, assertion{Threshold: 1, Value: "trading-fees"}},
		"similar":         {assertion{Threshold: 0.8, Value: "the taker fee is 0.12%"}, assertion{Value: "we are closed"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			test.holds.Type, test.fails.Type = evals.AssertType(name), evals.AssertType(name)
			test.holds.Metric = "mine"
			result := got
			if name == "grounded" {
				result.Trace = &evals.Trace{Retrieved: got.Trace.Retrieved, Sentences: got.Trace.Sentences[:1]}
			}
			require.NoError(t, suiteWith(test.holds).Check())
			checks := evals.Grade(evals.Expect{Assert: []assertion{test.holds}, Outcome: evals.OutcomeAny}, result)
			require.Equal(t, evals.Check{Name: "mine", Passed: true}.Name, checks[1].Name)
			require.True(t, checks[1].Passed, checks[1].Why)
			checks = evals.Grade(evals.Expect{Assert: []assertion{test.fails}, Outcome: evals.OutcomeAny}, got)
			require.False(t, checks[1].Passed)
			require.NotEmpty(t, checks[1].Why)
		})
	}
}

func suiteWith(a evals.Assertion) evals.Suite {
	expect := evals.Expect{Assert: []evals.Assertion{a}, Outcome: evals.OutcomeAny}
	return evals.Suite{Name: "s", Cases: []evals.Case{{ID: "a", Conversation: []string{"x"}, Expect: expect}}}
}

func TestAssertionsThatCannotBeMadeAreRefused(t *testing.T) {
	t.Parallel()

	for says, a := range map[string]evals.Assertion{
		`type is "javascript"`:       {Type: "javascript"},
		"contains needs a value":     {Type: evals.AssertContains},
		"no regular expression":      {Type: evals.AssertRegex, Value: "("},
		"is no path":                 {Type: evals.AssertJSONPath, Value: "outcome"},
		"needs a threshold above 0":  {Type: evals.AssertMaxCost},
		"threshold must be a number": {Type: evals.AssertSimilar, Threshold: 2, Value: "x"},
		"grounded takes no value":    {Type: evals.AssertGrounded, Value: "x"},
	} {
		require.ErrorContains(t, suiteWith(a).Check(), says)
	}
}

func TestARubricIsJudgedByAModelOrNotAtAll(t *testing.T) {
	t.Parallel()

	server := llmtest.NewWith(t, llmtest.Options{Responder: func(r llmtest.ChatRequest) llmtest.ChatReply {
		score := "0.2"
		if strings.Contains(r.User(), "<criterion>\nnames the fee") {
			score = "0.9"
		}
		return llmtest.ChatReply{Content: `{"why":"because","score":` + score + `}`}
	}})
	client, err := llm.NewClient(llm.Config{BaseURL: server.BaseURL(), ChatModel: "judge"})
	require.NoError(t, err)
	rubric := func(criterion string) evals.Case {
		c := feeCase(criterion, evals.Expect{Outcome: evals.OutcomeAny})
		c.Expect.Assert = []evals.Assertion{{Type: evals.AssertRubric, Value: criterion}}
		return c
	}
	suite := evals.Suite{Name: "s", Cases: []evals.Case{rubric("names the fee"), rubric("rhymes")}}

	runner := newRunner(t)
	results, err := runner.Run(t.Context(), suite)
	require.NoError(t, err)
	require.True(t, results[1].Checks[1].Skipped, "without a judge nothing is claimed")
	require.True(t, results[1].Passed())

	runner.Judge = &evals.Judge{Model: client.Chat()}
	results, err = runner.Run(t.Context(), suite)
	require.NoError(t, err)
	require.True(t, results[0].Passed(), results[0].Checks)
	require.False(t, results[1].Passed())
	require.Equal(t, evals.WrongAnswer, results[1].Ending)
}

func TestOpenJoinsWhatASuiteIncludes(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	for name, text := range map[string]string{
		"all.yaml":     "name: all\ntags: [nightly]\ninclude: [part.yaml, rows.jsonl]\n",
		"part.yaml":    "name: part\nvars: {coin: 比特币}\ncases:\n  - {id: a, vars: {n: '2'}, conversation: ['{{coin}} {{ n }}'], expect: {outcome: any, must_contain: ['{{n}}']}}\n",
		"rows.jsonl":   `{"id":"b","text":"{{left alone}}","lang":"ar","must_handoff":false,"intent":"","risks":[]}` + "\n",
		"loop.yaml":    "name: loop\ninclude: [loop.yaml]\n",
		"missing.yaml": "name: missing\ninclude: [nowhere.yaml]\n",
		"unknown.yaml": "name: u\nvars: {a: b}\ncases:\n  - {id: a, conversation: ['{{c}}'], expect: {outcome: any}}\n",
		"policy.yaml":  "name: p\npolicy: {min_confidence: 2}\ncases:\n  - {id: a, conversation: [x], expect: {outcome: any}}\n",
		"twice.yaml":   "name: t\ninclude: [part.yaml]\ncases:\n  - {id: a, conversation: [x], expect: {outcome: any}}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	suite, err := evals.Open(filepath.Join(folder, "all.yaml"))
	require.NoError(t, err)
	require.Len(t, suite.Cases, 2)
	require.Equal(t, []string{"比特币 2"}, suite.Cases[0].Conversation)
	require.Equal(t, []string{"2"}, suite.Cases[0].Expect.MustContain)
	require.Equal(t, []string{"nightly"}, suite.Cases[0].Tags)
	require.Equal(t, []string{"{{left alone}}"}, suite.Cases[1].Conversation)

	for name, says := range map[string]string{
		"loop.yaml": "includes itself", "missing.yaml": "there is no such file", "unknown.yaml": "line 4: case 1 (a): unknown variable c",
		"policy.yaml": "min_confidence must lie between 0 and 1", "twice.yaml": `the id "a" is used twice`,
	} {
		_, err := evals.Open(filepath.Join(folder, name))
		require.ErrorContains(t, err, says)
	}
}

func TestHashAndKeyChangeWithWhatMatters(t *testing.T) {
	t.Parallel()

	suite := evals.Suite{Name: "s", Cases: []evals.Case{feeCase("a", evals.Expect{}), feeCase("b", evals.Expect{})}}
	turned := evals.Suite{Name: "s", Description: "other words", Cases: []evals.Case{suite.Cases[1], suite.Cases[0]}}
	require.Equal(t, suite.Hash(), turned.Hash())
	turned.Cases[0].Expect.Article = "x"
	require.NotEqual(t, suite.Hash(), turned.Hash())

	try := evals.Try{Case: suite.Cases[0]}
	expecting := try
	expecting.Case.Expect.Article = "x"
	require.Equal(t, try.Key("p"), expecting.Key("p"), "what is expected changes no response")
	again, said, elsewhere := try, try, try
	again.Repeat = 1
	said.Case.Conversation = []string{"other"}
	elsewhere.Case.Locale = "ar"
	keys := map[string]bool{try.Key("p"): true, try.Key("q"): true, again.Key("p"): true, said.Key("p"): true, elsewhere.Key("p"): true}
	require.Len(t, keys, 5)
}

func TestABudgetEndsARunAndTheRestIsMissing(t *testing.T) {
	t.Parallel()

	server := llmtest.NewWith(t, llmtest.Options{Responder: func(llmtest.ChatRequest) llmtest.ChatReply {
		return llmtest.ChatReply{CompletionTokens: 1000, Content: `{"why":"because","score":1}`, PromptTokens: 1000}
	}})
	client, err := llm.NewClient(llm.Config{BaseURL: server.BaseURL(), ChatModel: "judge"})
	require.NoError(t, err)
	suite := evals.Suite{Name: "s"}
	for _, id := range []string{"a", "b", "c"} {
		c := feeCase(id, evals.Expect{Assert: []evals.Assertion{{Type: evals.AssertRubric, Value: "is kind"}}, Outcome: evals.OutcomeAny})
		suite.Cases = append(suite.Cases, c)
	}
	runner := newRunner(t)
	runner.Budget, runner.Parallel = 0.003, 1 // a judgement costs 0.002
	runner.Judge = &evals.Judge{Model: llm.NewMeteredModel(client.Chat(), llm.MeterConfig{Now: time.Now, Price: llm.Price{Completion: 1, Prompt: 1}})}
	results, err := runner.Run(t.Context(), suite)
	require.ErrorIs(t, err, evals.ErrBudget)
	require.ErrorContains(t, err, "after 2 of 3 cases")
	require.Len(t, results, 2)
	require.InDelta(t, 0.002, results[0].CostUSD, 1e-9)
}
