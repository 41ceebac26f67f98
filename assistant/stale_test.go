package assistant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
)

// TestStaleFitNeedsTheConservativeThreshold is the part of P5 about the confidence: what was fitted for something else is not believed
// below confidence.Conservative, whatever the policy says.
func TestStaleFitNeedsTheConservativeThreshold(t *testing.T) {
	t.Parallel()

	fresh, stale := newFleeting(t, options{}), newFleeting(t, options{})
	require.Empty(t, fresh.StaleFit(stale.Confidence.Basis.Embedder))
	stale.Confidence.Basis.IntentModel = "another"
	require.Equal(t, []string{"intent_model"}, stale.StaleFit(stale.Confidence.Basis.Embedder))

	between := map[string]bool{}
	for language, questions := range map[string][]string{
		"en":      {"how much is the fee to withdraw usdt", "visa declined when buying crypto", "selfie check failed three times"},
		"zh-Hans": {"提usdt手续费多少", "实名需要什么证件", "gas费是什么意思"},
		"ar":      {"كم رسوم سحب usdt", "كيف افعل المصادقة الثنائية", "ما هي الوثائق المطلوبة للتوثيق"},
	} {
		for _, question := range questions {
			sure, unsure := fresh.say(t, assistant.Question{Body: question, Locale: language}), stale.ask(t, question)
			require.InDelta(t, sure.Confidence, unsure.Confidence, 1e-9, question)
			switch {
			case sure.Confidence >= confidence.Conservative:
				require.Equal(t, assistant.OutcomeAnswered, unsure.Outcome, question)
			case sure.Outcome == assistant.OutcomeAnswered:
				between[language] = true
				require.NotEqual(t, assistant.OutcomeAnswered, unsure.Outcome, question)
				require.Contains(t, unsure.Reasons, assistant.ReasonLowConfidence, question)
			}
		}
	}
	require.Len(t, between, 3, "each language has an answer that only a fit of its own allows")
}
