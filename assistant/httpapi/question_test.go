package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/httpapi/apitest"
	"github.com/deskhand/deskhand/prompts"
)

// TestAnAgentGetsTheQuestionsOfTheIntent asks in three languages what the desk needs for a withdrawal.
func TestAnAgentGetsTheQuestionsOfTheIntent(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	k := apitest.Load(t)
	for language, text := range map[string]string{
		"en": "I want a human. My withdrawal of 0.5 BTC has been pending for two hours.", "zh-Hans": "提币两个小时了还没到账,我要找人工客服",
		"ar": "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف",
	} {
		s.ask(t, text)
		list := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets?language=" + language}), http.StatusOK)
		require.Len(t, list.Tickets, 1, language)
		questions := decode[httpapi.Questions](t,
			s.do(t, call{key: s.agent, path: "/v1/tickets/" + list.Tickets[0].ID.String() + "/questions"}), http.StatusOK)
		require.Equal(t, language, questions.Language)
		require.NotEmpty(t, questions.Questions, "%s: %s", language, list.Tickets[0].Intent)
		for _, question := range questions.Questions {
			require.Equal(t, question.Text != "" && !question.Stated, question.Text != "" && strings.Contains(questions.Body, question.Text), question.Items)
		}
		require.True(t, strings.HasPrefix(questions.Body, k.Prompts.Text(prompts.CollectIntro, language, nil)), questions.Body)
		require.True(t, strings.HasSuffix(questions.Body, k.Prompts.Text(prompts.CollectNever, language, nil)), questions.Body)
		if language == "en" {
			require.NotContains(t, questions.Body, k.Prompts.Text(prompts.CollectAsset, language, nil), "the customer has named the coin")
		}
	}
}

// TestEveryIntentHasQuestionsThatMayBeSent composes the message of each intent in each language and holds it to the guard.
func TestEveryIntentHasQuestionsThatMayBeSent(t *testing.T) {
	t.Parallel()
	k := apitest.Load(t)
	pipeline := assistant.New(assistant.Config{Prompts: k.Prompts, Triager: k.Triager})
	var without []string
	for _, id := range k.Triager.IntentIDs() {
		var keys []prompts.Key
		for _, question := range pipeline.AsksBack(id, "") {
			require.NotEmpty(t, question.Items, id)
			if question.Text != "" {
				require.NotContains(t, keys, question.Text, "%s: nothing is asked twice", id)
				keys = append(keys, question.Text)
			}
		}
		if len(keys) == 0 {
			without = append(without, id)
		}
		for _, language := range prompts.Languages() {
			lines := []string{k.Prompts.Text(prompts.CollectIntro, language, nil)}
			for _, key := range append(keys, prompts.CollectNever) {
				lines = append(lines, "- "+k.Prompts.Text(key, language, nil))
			}
			text := strings.Join(lines, "\n")
			require.Empty(t, k.Guard.Check(guard.Text{Body: text, Language: language}, guard.Registry{}), "%s %s: %s", id, language, text)
		}
	}
	require.ElementsMatch(t, []string{
		"general.business_inquiry", "general.education", "general.spam_abuse", "trading.investment_advice",
	}, without, "what a person answers without asking back")
}
