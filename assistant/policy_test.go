package assistant_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

func TestPolicyDecide(t *testing.T) {
	t.Parallel()

	sure := func(change func(*assistant.Evidence)) assistant.Evidence {
		evidence := assistant.Evidence{
			Answerable: true, Confidence: 0.9, Language: "en", SourceLanguage: "en", Sources: 1,
			Triage: triage.Triage{Intent: "trading.fees", AutoAnswer: intent.AutoAnswerYes},
		}
		if change != nil {
			change(&evidence)
		}
		return evidence
	}
	tests := []struct {
		name     string
		policy   func(*assistant.Policy)
		evidence assistant.Evidence
		outcome  assistant.Outcome
		reason   assistant.Reason
	}{
		{"SureAnswerIsSent", nil, sure(nil), assistant.OutcomeAnswered, assistant.ReasonConfident},
		{
			"KillSwitchHandsEverythingOver", func(p *assistant.Policy) { p.AutoReply = false }, sure(nil),
			assistant.OutcomeHandedOff, assistant.ReasonAutoReplyOff,
		},
		{
			"SilentIntentIsHandedOver", func(p *assistant.Policy) { p.SilentIntents = []string{"trading.fees"} }, sure(nil),
			assistant.OutcomeHandedOff, assistant.ReasonAutoReplyOff,
		},
		{
			"SilentLanguageIsHandedOver", func(p *assistant.Policy) { p.SilentLanguages = []string{"en"} }, sure(nil),
			assistant.OutcomeHandedOff, assistant.ReasonAutoReplyOff,
		},
		{
			"AnswerWithoutSourceIsNeverSent", nil, sure(func(e *assistant.Evidence) { e.Sources = 0 }),
			assistant.OutcomeHandedOff, assistant.ReasonNoSource,
		},
		{
			"AnswerInAnotherLanguageIsNeverSent", nil, sure(func(e *assistant.Evidence) { e.Language = "vi" }),
			assistant.OutcomeHandedOff, assistant.ReasonOtherLanguage,
		},
		{
			"WhatTookTooLongIsNoArticlesMatter", nil, sure(func(e *assistant.Evidence) { e.Overdue = true }),
			assistant.OutcomeHandedOff, assistant.ReasonOverdue,
		},
		{
			"WhatIsSaidOfAnotherNetworkIsNoAnswer", nil, sure(func(e *assistant.Evidence) { e.Unmet = []facts.NameKind{facts.NameNetwork} }),
			assistant.OutcomeHandedOff, "said_of_another:network",
		},
		{
			"HowLongAgoIsAskedBeforeAGuess", nil, sure(func(e *assistant.Evidence) { e.Confidence, e.Missing = 0, assistant.FactAge }),
			assistant.OutcomeClarify, "missing_fact:age",
		},
		{
			"GuardFindingOutweighsAnyConfidence", nil, sure(func(e *assistant.Evidence) {
				e.Confidence, e.Verdict = 1, assistant.Verdict{Findings: []assistant.Finding{{Check: "link"}}}
			}),
			assistant.OutcomeHandedOff, "guard:link",
		},
		{
			"DoubtIsHandedOver", nil, sure(func(e *assistant.Evidence) { e.Confidence = 0.1 }),
			assistant.OutcomeHandedOff, assistant.ReasonLowConfidence,
		},
		{
			"ModelThatCannotAnswerIsBelieved", nil, sure(func(e *assistant.Evidence) { e.Answerable = false }),
			assistant.OutcomeHandedOff, assistant.ReasonNotAnswerable,
		},
		{
			"UnclearMessageIsAskedBack", nil, sure(func(e *assistant.Evidence) { e.Confidence, e.Triage.Intent = 0.1, triage.Unclear }),
			assistant.OutcomeClarify, assistant.ReasonUnclear,
		},
		{
			"OffTopicMessageIsAskedBack", nil, sure(func(e *assistant.Evidence) {
				e.Confidence, e.Triage.Intent, e.Triage.OffTopic = 0.1, triage.Unclear, true
			}),
			assistant.OutcomeClarify, assistant.ReasonOffTopic,
		},
		{
			"ThirdQuestionBackIsAPerson", nil, sure(func(e *assistant.Evidence) {
				e.Clarifications, e.Confidence, e.Triage.Intent = 2, 0.1, triage.Unclear
			}),
			assistant.OutcomeHandedOff, assistant.ReasonTooManyTurns,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			policy := assistant.DefaultPolicy()
			if test.policy != nil {
				test.policy(&policy)
			}
			decision := policy.Decide(test.evidence)

			require.Equal(t, test.outcome, decision.Outcome)
			require.Contains(t, decision.Reasons, test.reason)
		})
	}
}

func TestPolicyMustHandOff(t *testing.T) {
	t.Parallel()

	policy := assistant.DefaultPolicy()

	t.Run("EveryRiskForcesAPerson", func(t *testing.T) {
		t.Parallel()

		for _, r := range risk.All() {
			reasons := policy.MustHandOff(triage.Triage{AutoAnswer: intent.AutoAnswerYes, Risks: []risk.Risk{r}})
			require.Equal(t, []assistant.Reason{"risk:" + assistant.Reason(r)}, reasons)
		}
	})

	t.Run("IntentThatIsNeverAutomaticForcesAPerson", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []assistant.Reason{assistant.ReasonIntentNever},
			policy.MustHandOff(triage.Triage{AutoAnswer: intent.AutoAnswerNever, Person: 0.9}))
		require.Empty(t, policy.MustHandOff(triage.Triage{AutoAnswer: intent.AutoAnswerYes, Certainty: 1}))
	})

	t.Run("RiskNeedsNoCertainty", func(t *testing.T) {
		t.Parallel()

		require.NotEmpty(t, policy.MustHandOff(triage.Triage{Risks: []risk.Risk{risk.SelfHarm}}))
	})

	t.Run("IntentThatIsPerhapsNeverAutomaticIsNotAnsweredEither", func(t *testing.T) {
		t.Parallel()

		doubtful := triage.Triage{AutoAnswer: intent.AutoAnswerNever, Certainty: 0.2, Intent: "fiat.chargeback", Person: 0.2}
		require.Empty(t, policy.MustHandOff(doubtful))
		decision := policy.Decide(assistant.Evidence{
			Answerable: true, Confidence: 1, Language: "en", SourceLanguage: "en", Sources: 1, Triage: doubtful,
		})
		require.Equal(t, assistant.OutcomeHandedOff, decision.Outcome)
		require.Contains(t, decision.Reasons, assistant.ReasonIntentNever)
	})
}

func TestPolicyRespondBy(t *testing.T) {
	t.Parallel()

	opened := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	policy := assistant.DefaultPolicy()

	require.Equal(t, opened.Add(15*time.Minute), policy.RespondBy(triage.P1, opened))
	require.Equal(t, opened.Add(24*time.Hour), policy.RespondBy(triage.P4, opened))
}

func TestPolicyValidate(t *testing.T) {
	t.Parallel()

	tests := []struct {
		field  string
		change func(*assistant.Policy)
	}{
		{"min_confidence", func(p *assistant.Policy) { p.MinConfidence = 1.5 }},
		{"max_clarifications", func(p *assistant.Policy) { p.MaxClarifications = -1 }},
		{"first_response.P2", func(p *assistant.Policy) { delete(p.FirstResponse, triage.P2) }},
	}
	for _, test := range tests {
		t.Run(test.field, func(t *testing.T) {
			t.Parallel()

			policy := assistant.DefaultPolicy()
			require.NoError(t, policy.Validate())
			test.change(&policy)
			err := policy.Validate()

			var invalid *assistant.Error
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, assistant.CodeInvalid, invalid.Code)
			require.Equal(t, test.field, invalid.Field)
		})
	}
}

// What a message states makes its case more urgent, in any language; a word such as "urgent" alone does not.
func TestPolicyPriority(t *testing.T) {
	t.Parallel()

	knowledge, err := loadKnowledge()
	require.NoError(t, err)
	policy := assistant.DefaultPolicy()
	policy.LargeAmounts = map[string]float64{"BTC": 1, "USDT": 10_000}
	tests := []struct {
		text string
		want triage.Priority
	}{
		{"how do i set up google authenticator", triage.P4},
		{"怎么绑定谷歌验证器", triage.P4},
		{"كيف اضيف تطبيق المصادقة الثنائية", triage.P4},
		{"how do i deposit 25 BTC, which network", triage.P3},
		{"怎么充值3万USDT，选哪个网络", triage.P3},
		{"كيف اودع ٢٠٠٠٠ usdt", triage.P3},
		{"how do i deposit 0.2 BTC, which network", triage.P4},
		{"verification code does not come since 4 days", triage.P2},
		{"收不到验证码已经5天了", triage.P2},
		{"رمز التحقق لا يصل منذ ٤ أيام", triage.P2},
		{"verification code does not come since 10 minutes, urgent", triage.P3},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, policy.Priority(knowledge.triager.Triage(test.text, nil), triage.Standard))
		})
	}
}

func TestPolicyRefusesALargeAmountThatIsNone(t *testing.T) {
	t.Parallel()

	for asset, sum := range map[string]float64{"BTC": 0, "btc": 1} {
		policy := assistant.DefaultPolicy()
		policy.LargeAmounts = map[string]float64{asset: sum}
		require.ErrorContains(t, policy.Validate(), "large_amounts."+asset)
	}
}
