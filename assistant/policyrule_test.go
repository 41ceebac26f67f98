package assistant_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
)

func TestPolicyRules(t *testing.T) {
	t.Parallel()

	policy := assistant.DefaultPolicy()
	policy.Rules = []assistant.Rule{
		{Channel: "email", Intent: "trading.fees", Language: "ar", Mode: assistant.ModeNever},
		{Intent: "trading.*", Language: "ar", MinConfidence: 0.9},
		{Intent: "trading.*", Mode: assistant.ModeSuggest},
	}
	tests := map[string]struct {
		channel, intent, language string
		want                      assistant.Standing
	}{
		"AllOfARuleMustFit":          {"email", "trading.fees", "ar", assistant.Standing{MinConfidence: 0.6, Mode: assistant.ModeNever}},
		"TheFirstThatFitsDecides":    {"widget", "trading.fees", "ar", assistant.Standing{MinConfidence: 0.9, Mode: assistant.ModeAuto}},
		"ACategoryFitsItsIntents":    {"widget", "trading.fees", "zh-Hans", assistant.Standing{MinConfidence: 0.6, Mode: assistant.ModeSuggest}},
		"WhereNoneFitsThePolicyDoes": {"widget", "fiat.fees", "en", assistant.Standing{MinConfidence: 0.6, Mode: assistant.ModeAuto}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, policy.For(assistant.Scope{Channel: test.channel, Intent: test.intent, Language: test.language}))
		})
	}

	t.Run("TheKillSwitchStandsAboveARuleThatAllows", func(t *testing.T) {
		t.Parallel()

		for _, off := range []assistant.Policy{
			{AutoReply: false}, {AutoReply: true, SilentIntents: []string{"trading.fees"}}, {AutoReply: true, SilentLanguages: []string{"ar"}},
		} {
			off.Rules = []assistant.Rule{{Intent: "trading.fees", Mode: assistant.ModeAuto}}
			reason, held := off.For(assistant.Scope{Intent: "trading.fees", Language: "ar"}).Held()
			require.True(t, held)
			require.Equal(t, assistant.ReasonAutoReplyOff, reason)
		}
	})

	t.Run("WhatALaterBuildMeansIsNotAnsweredEither", func(t *testing.T) {
		t.Parallel()

		_, held := assistant.Policy{AutoReply: true, Mode: "supervised"}.For(assistant.Scope{}).Held()
		require.True(t, held)
	})
}

func TestPolicyThreshold(t *testing.T) {
	t.Parallel()

	fit := confidence.Model{Points: []confidence.Point{{Target: 0.9, Threshold: 0.5}, {Target: 0.98, Threshold: 0.8}}}
	stale := fit
	stale.Stale = true
	tests := map[string]struct {
		confidence, target float64
		fit                confidence.Model
		want               assistant.Outcome
	}{
		"TheFitSetsTheThresholdOfAPrecision":  {0.8, 0.98, fit, assistant.OutcomeAnswered},
		"BelowItAPersonAnswers":               {0.79, 0.98, fit, assistant.OutcomeHandedOff},
		"APrecisionBetweenTakesTheHigher":     {0.79, 0.95, fit, assistant.OutcomeHandedOff},
		"WhatTheFitNeverReachedIsNeverSent":   {1, 0.99, fit, assistant.OutcomeHandedOff},
		"MinConfidenceHoldsBesideThePrecison": {0.55, 0.9, fit, assistant.OutcomeHandedOff},
		"AStaleFitIsBelievedWhereNearlySure":  {confidence.Conservative, 0.9, stale, assistant.OutcomeAnswered},
		"AndNotBelow":                         {0.94, 0, stale, assistant.OutcomeHandedOff},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			policy := assistant.DefaultPolicy()
			policy.TargetPrecision = test.target
			require.Equal(t, test.want, policy.Decide(assistant.Evidence{
				Answerable: true, Confidence: test.confidence, Fit: test.fit, Language: "en", SourceLanguage: "en", Sources: 1,
				Triage: triage.Triage{Intent: "trading.fees", AutoAnswer: intent.AutoAnswerYes},
			}).Outcome)
		})
	}
}

func TestParsePolicyNamesTheLineAndTheFix(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ source, want string }{
		"UnknownField":    {"auto_reply: true\nauto_replies: false\n", "line 2: unknown field \"auto_replies\": \"deskhand policy show\" prints"},
		"Turns":           {"shadow: true\nmax_clarifications: two\n", "line 2: the value must be a whole number"},
		"Switch":          {"auto_reply: off please\n", "line 1: the value must be true or false"},
		"NoList":          {"silent_intents: trading.fees\n", "line 1: string was used where a list is expected"},
		"NotYAML":         {"rules: [\n", "line 1: "},
		"Empty":           {"# nothing\n", "line 1: the policy is empty"},
		"Mode":            {"shadow: true\nmode: sometimes\n", "line 2: mode must be auto, suggest or never"},
		"ModeOfARule":     {"rules:\n  - intent: trading.fees\n    mode: on\n", "line 3: rules[0].mode must be"},
		"UnknownIntent":   {"rules:\n  - {intent: trading.fees, mode: auto}\n  - {intent: trading.feees, mode: never}\n", "line 3: rules[1].intent is not in the taxonomy"},
		"UnknownCategory": {"rules:\n  - {intent: trade.*, mode: never}\n", "line 2: rules[0].intent is not in the taxonomy"},
		"UnknownLanguage": {"silent_languages:\n  - en\n  - zh\n", "line 3: silent_languages[1] is none of the desk's languages"},
		"RuleForAll":      {"rules:\n  - {mode: never}\n", "line 2: rules[0] fits everything"},
		"RuleOfNothing":   {"rules:\n  - {language: ar}\n", "line 2: rules[0] says nothing"},
		"Precision":       {"target_precision: 98\n", "line 1: target_precision must lie between 0 and 1"},
		"NoNumber":        {"min_confidence: .nan\n", "line 1: min_confidence must lie between 0 and 1"},
		"Time":            {"first_response:\n  P1: soon\n", "line 2: first_response.P1 is no time"},
		"NoPriority":      {"first_response:\n  P9: 5m\n", "line 2: first_response.P9 is no priority"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := assistant.ParsePolicy(test.source, []string{"trading.fees"})
			require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(err))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestPolicyIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()

	policy := assistant.DefaultPolicy()
	policy.Mode, policy.Shadow, policy.TargetPrecision = assistant.ModeSuggest, true, 0.98
	policy.FirstResponse[triage.P3] = 90 * time.Minute
	policy.SilentIntents, policy.SilentLanguages = []string{"trading.fees"}, []string{"ar"}
	policy.Rules = []assistant.Rule{{Channel: "email", Intent: "trading.*", Language: "zh-Hans", MinConfidence: 0.7, Mode: assistant.ModeAuto}}
	text, err := policy.YAML()
	require.NoError(t, err)
	read, err := assistant.ParsePolicy(text, []string{"trading.fees"})
	require.NoError(t, err)
	require.Equal(t, policy, read)
}

func FuzzParsePolicy(f *testing.F) {
	text, err := assistant.DefaultPolicy().YAML()
	require.NoError(f, err)
	f.Add(text)
	f.Add("rules:\n  - {intent: trading.*, language: ar, mode: never}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, source string) {
		policy, err := assistant.ParsePolicy(source, []string{"trading.fees"})
		if err != nil {
			require.Contains(t, err.Error(), "line ", source)
			return
		}
		require.NoError(t, policy.Validate())
	})
}

// In shadow mode the customer meets people only, and the desk can read what the assistant would have said.
func TestShadowModeSendsNothingAndRecordsWhatItWouldHaveSent(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	wouldHave := map[string]string{}
	for _, question := range []string{feeQuestion, feeQuestionZh} {
		run := s.ask(t, question)
		require.Equal(t, assistant.OutcomeAnswered, run.Outcome)
		wouldHave[question] = run.Reply.Body
	}
	s.setPolicy(t, func(p *assistant.Policy) { p.Shadow = true })
	for question, body := range wouldHave {
		run := s.ask(t, question)
		require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
		require.Equal(t, []assistant.Reason{assistant.ReasonShadow, assistant.ReasonConfident}, run.Reasons)
		require.NotContains(t, run.Reply.Body, strings.Split(body, "\n")[0])
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE id = $1 AND shadow_outcome = 'answered' AND shadow_body = $2`, run.ID, body))
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM drafts WHERE run_id = $1`, run.ID), "the agent may send it")
	}
	require.Equal(t, assistant.OutcomeHandedOff, s.ask(t, "what is your phone number").Outcome)
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE shadow_outcome = 'clarify'`+
		` AND id = $1`, s.ask(t, "hm").ID))
}

func TestPolicyModes(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	s.setPolicy(t, func(p *assistant.Policy) {
		p.Rules = []assistant.Rule{
			{Intent: "trading.*", Language: "zh-Hans", Mode: assistant.ModeNever},
			{Intent: "trading.fees", Language: "en", Mode: assistant.ModeSuggest},
		}
	})
	never := s.ask(t, feeQuestionZh)
	require.Equal(t, []assistant.Reason{assistant.ReasonPolicyNever}, never.Reasons)
	suggest := s.ask(t, feeQuestion)
	require.Equal(t, []assistant.Reason{assistant.ReasonPolicySuggest}, suggest.Reasons)
	drafts := `SELECT count(*) FROM river_job WHERE kind = 'draft_for_agent' AND args->>'run_id' = $1`
	require.Equal(t, 0, s.count(t, drafts, never.ID.String()), "no model ever sees the case")
	require.Equal(t, 1, s.count(t, drafts, suggest.ID.String()))
	require.Zero(t, s.model.Count(llmtest.Chat))
}
