package evals_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/evals"
)

const wholeSuite = `
name: smoke
description: what must work
cases:
  - id: en-hacked
    locale: en
    conversation: ["hello", "someone hacked my account"]
    tags: [security]
    weight: 2
    expect:
      outcome: handed_off
      article: secure-a-hacked-account
      intent: security.account_hacked
      language: en
      priority: P1
      risks: [account_takeover]
      must_contain: ["Freeze"]
      must_not_contain: ["guarantee"]
`

func TestParseSuite(t *testing.T) {
	t.Parallel()

	suite, err := evals.ParseSuite(strings.NewReader(wholeSuite), "smoke.yaml")
	require.NoError(t, err)
	require.Equal(t, evals.Suite{
		Name: "smoke", Description: "what must work", KB: evals.SampleKB,
		Cases: []evals.Case{{
			ID: "en-hacked", Locale: "en", Conversation: []string{"hello", "someone hacked my account"}, Tags: []string{"security"}, Weight: 2,
			Expect: evals.Expect{
				Article: "secure-a-hacked-account", Intent: "security.account_hacked", Language: "en", MustContain: []string{"Freeze"},
				MustNotContain: []string{"guarantee"}, Outcome: assistant.OutcomeHandedOff, Priority: triage.P1, Risks: []risk.Risk{risk.AccountTakeover},
			},
		}},
	}, suite)
}

func TestParseSuiteSaysWhatIsWrong(t *testing.T) {
	t.Parallel()

	withCase := func(fields string) string { return "name: s\ncases:\n  - {id: a, locale: en, " + fields + "}\n" }
	tests := map[string]struct{ yaml, says string }{
		"NotYAML":             {"name: [", "parse suite s.yaml"},
		"UnknownField":        {"name: s\nkases: []\n", `unknown field "kases"`},
		"UnknownFieldOfACase": {withCase(`conversation: [x], expect: {outcome: answered}, hope: high`), `unknown field "hope"`},
		"UnknownExpectation":  {withCase(`conversation: [x], expect: {outcome: answered, mood: good}`), `unknown field "mood"`},
		"WrongType":           {withCase(`conversation: {x: y}, expect: {outcome: answered}`), "[3:"},
		"Empty":               {"", "name is missing"},
		"NoCases":             {"name: s\n", "cases is empty"},
		"NoName":              {"cases: [{id: a, conversation: [x], expect: {outcome: answered}}]", "name is missing"},
		"NoID":                {"name: s\ncases: [{conversation: [x], expect: {outcome: answered}}]", "case 1 (): id is missing"},
		"BadOutcome":          {withCase(`conversation: [x], expect: {outcome: solved}`), `case 1 (a): expect.outcome is "solved": use answered, clarify, handed_off, replied, unanswered or any`},
		"MandatoryReply": {
			withCase(`conversation: [x], expect: {outcome: replied}, tags: [mandatory]`), "a case with the tag mandatory must expect handed_off",
		},
		"NoOutcome":         {withCase(`conversation: [x]`), `expect.outcome is ""`},
		"EmptyConversation": {withCase(`conversation: [], expect: {outcome: answered}`), "conversation is empty: list the customer's turns"},
		"EmptyTurn":         {withCase(`conversation: [x, ""], expect: {outcome: answered}`), "conversation has an empty turn"},
		"BadPriority":       {withCase(`conversation: [x], expect: {outcome: answered, priority: P9}`), `expect.priority is "P9": use P1 to P4`},
		"BadRisk":           {withCase(`conversation: [x], expect: {outcome: answered, risks: [rain]}`), `unknown risk "rain"`},
		"NegativeWeight":    {withCase(`conversation: [x], expect: {outcome: answered}, weight: -1`), "weight must be a number"},
		"DuplicateID": {
			withCase(`conversation: [x], expect: {outcome: answered}`) + "  - {id: a, conversation: [y], expect: {outcome: clarify}}\n",
			`case 2: the id "a" is used twice`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := evals.ParseSuite(strings.NewReader(test.yaml), "s.yaml")
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "s.yaml")
		})
	}
}

func TestParseSuiteNamesEveryProblemAtOnce(t *testing.T) {
	t.Parallel()

	_, err := evals.ParseSuite(strings.NewReader(
		"cases:\n  - {id: a, conversation: [x]}\n  - {id: b, conversation: [], expect: {outcome: answered}}\n"), "s.yaml")
	require.ErrorContains(t, err, "name is missing")
	require.ErrorContains(t, err, "line 2: case 1 (a)")
	require.ErrorContains(t, err, "line 3: case 2 (b)")
}

func TestSuitesThatShipAreValid(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"smoke", "calibration"} {
		file, err := os.Open("suites/" + name + ".yaml")
		require.NoError(t, err)
		defer file.Close()
		suite, err := evals.ParseSuite(file, name)
		require.NoError(t, err)
		locales := make(map[string]int)
		for _, c := range suite.Cases {
			locales[c.Locale]++
		}
		for _, locale := range []string{"en", "zh-Hans", "ar"} {
			require.NotZero(t, locales[locale], "%s in %s", name, locale)
		}
	}
}

func FuzzParseSuite(f *testing.F) {
	f.Add(wholeSuite)
	f.Add("name: s\ncases: [{id: a, conversation: [x], expect: {outcome: answered}}]")
	f.Add("name: &a [*a]")
	f.Add("cases:\n- id: 1\n  weight: 2.5")
	f.Fuzz(func(t *testing.T, text string) {
		suite, err := evals.ParseSuite(strings.NewReader(text), "fuzz.yaml")
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.yaml") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		seen := make(map[string]bool)
		for _, c := range suite.Cases {
			if c.ID == "" || seen[c.ID] || len(c.Conversation) == 0 || c.Expect.Outcome == "" || c.Weight < 0 {
				t.Errorf("accepted a bad case: %+v", c)
			}
			seen[c.ID] = true
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add("suites:\n- file: smoke.yaml\n  half: dev\n  blind: true")
	f.Add("suites: [{file: /etc/passwd}]")
	f.Add("suites: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		manifest, err := evals.ParseManifest([]byte(text), "folder/fuzz.yaml")
		if err != nil {
			require.ErrorContains(t, err, "fuzz.yaml")
			return
		}
		for _, listed := range manifest.Suites {
			require.False(t, filepath.IsAbs(listed.File))
			require.NotEmpty(t, listed.Half)
		}
	})
}
