package llm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

func TestAServerWithoutStructuredOutputGetsOneChanceToMendItsAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		unsupported []string
		first       llmtest.Fault
		calls       int
		mended      bool
	}{
		"plain, prose":             {[]string{"response_format"}, llmtest.Content("The fee is 1 USDT."), 2, true},
		"plain, against schema":    {[]string{"response_format"}, llmtest.SchemaViolation(), 2, true},
		"JSON mode, not JSON":      {[]string{"json_schema"}, llmtest.MalformedContent(), 2, true},
		"plain, cut off":           {[]string{"response_format"}, llmtest.Truncated(), 1, false},
		"plain, nothing":           {[]string{"response_format"}, llmtest.EmptyChoices(), 1, false},
		"plain, empty":             {[]string{"response_format"}, llmtest.Content(" "), 1, false},
		"plain, refusal":           {[]string{"response_format"}, llmtest.Refusal(), 1, false},
		"plain, too long to mend":  {[]string{"response_format"}, llmtest.Content(strings.Repeat("word ", 4000)), 1, false},
		"enforced, against schema": {nil, llmtest.SchemaViolation(), 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer), Unsupported: tt.unsupported})
			chat := newClient(t, server, nil).Chat()
			if tt.unsupported != nil { // the client learns what the server lacks
				_, err := chat.Complete(t.Context(), draftRequest())
				require.NoError(t, err)
			}
			before := server.Count(llmtest.Chat)
			server.Script(llmtest.Chat, tt.first)

			out, err := chat.Complete(t.Context(), draftRequest())

			require.Equal(t, tt.calls, server.Count(llmtest.Chat)-before)
			if !tt.mended {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.JSONEq(t, draftAnswer, out.Text)
			requests := server.ChatRequests()
			mending := requests[len(requests)-1].Messages
			require.Len(t, mending, 4)
			require.Equal(t, "assistant", mending[2].Role)
			require.Contains(t, mending[3].Content, "one JSON object")
			require.Greater(t, out.Usage.PromptTokens, 100, "both calls are counted")
		})
	}
}

func TestAnAnswerIsMendedOnce(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{Responder: answering("no JSON, ever")})
	chat := newClient(t, server, func(c *llm.Config) { c.StructuredOutput = llm.StructuredPrompt }).Chat()
	ctx, tally := llm.WithTally(t.Context())
	_, err := llm.NewMeteredModel(chat, llm.MeterConfig{Now: time.Now}).Complete(ctx, draftRequest())
	requireKind(t, err, llm.ErrMalformed)
	require.Equal(t, 2, server.Count(llmtest.Chat))
	require.Positive(t, tally.Usage().PromptTokens)
	requireNoSecret(t, err, server)
}
