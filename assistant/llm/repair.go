package llm

import (
	"errors"
	"strings"

	"github.com/sashabaranov/go-openai"
)

// maxFlawed is the longest answer that is sent back to be mended, in bytes: above any draft, below what would cost much.
const maxFlawed = 16 << 10

// flaw is a complete answer that is not what the schema asks for.
type flaw struct {
	answer string
	reason string // in this package's words
}

// flawIn returns what the model could mend: an answer that it ended by itself and that only its form makes unusable.
func flawIn(answer openai.ChatCompletionResponse, err error) *flaw {
	own, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(own, ErrMalformed) || len(answer.Choices) == 0 {
		return nil
	}
	choice := answer.Choices[0]
	text := choice.Message.Content
	if choice.FinishReason == openai.FinishReasonLength || strings.TrimSpace(text) == "" || len(text) > maxFlawed {
		return nil
	}
	return &flaw{answer: text, reason: own.Reason}
}

// addTo continues the conversation of a request: the flawed answer, and what is wrong with it.
func (f *flaw) addTo(req openai.ChatCompletionRequest) openai.ChatCompletionRequest {
	if f == nil {
		return req
	}
	req.Messages = append(req.Messages,
		openai.ChatCompletionMessage{Content: f.answer, Role: openai.ChatMessageRoleAssistant},
		openai.ChatCompletionMessage{
			Content: "This reply cannot be used (" + f.reason + "). Give the same reply again as exactly one JSON object that " +
				"satisfies the schema, and nothing else.",
			Role: openai.ChatMessageRoleUser,
		})
	return req
}
