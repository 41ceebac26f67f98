package assistant_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// promptTokens is what a prompt with six passages may take, in the median.
const promptTokens = 1500

// A model is told the desk's own words for what the question and its passages speak of, in the customer's language, within the
// budget of a prompt.
func TestModelIsToldTheWordsOfTheGlossary(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{deadline: time.Minute, respond: llmtest.Drafter})
	questions := []struct{ language, text, term string }{
		{"zh-Hans", "提币两个小时了还没到账,怎么办?", ""},
		{"ar", "كم رسوم سحب العملات؟", ""},
		{"ru", "вывод висит уже два часа, что делать?", "withdrawal = "},
		{"ja", "出金の手数料はいくらですか?", "withdrawal = "},
		{"en", "my withdrawal is pending for two hours", ""},
	}
	counter := llm.NewTokens()
	var sizes []int
	for i, q := range questions {
		s.say(t, assistant.Question{Body: q.text, Channel: "widget", Locale: q.language})
		requests := s.model.ChatRequests()
		require.Len(t, requests, i+1, "one call a question")
		prompt := requests[i]
		if q.term == "" {
			require.NotContains(t, prompt.User(), "<terms>", "the sources are in %s: they have the words", q.language)
		} else {
			require.Contains(t, prompt.User(), q.term, q.text)
		}
		require.Equal(t, requests[0].System(), prompt.System(), "what providers cache")
		size, err := counter.Count(llm.O200K, prompt.System()+prompt.User())
		require.NoError(t, err)
		sizes = append(sizes, size)
	}
	slices.Sort(sizes)
	t.Logf("prompt tokens %v", sizes)
	require.LessOrEqual(t, sizes[len(sizes)/2], promptTokens)
}
