package httpapi

import (
	"encoding/json"
	"strings"

	"github.com/deskhand/deskhand/assistant"
)

// chatChunk is one event of a chat completion as a stream.
type chatChunk struct {
	Choices  []chatDelta  `json:"choices"`
	Created  int64        `json:"created"`
	Deskhand *ChatDetails `json:"deskhand,omitempty"`
	ID       string       `json:"id"`
	Model    string       `json:"model"`
	Object   string       `json:"object"`
	Usage    *ChatUsage   `json:"usage,omitempty"`
}

type chatDelta struct {
	Delta        chatDeltaText `json:"delta"`
	FinishReason *string       `json:"finish_reason"`
	Index        int           `json:"index"`
}

type chatDeltaText struct {
	Content string `json:"content,omitempty"`
	Role    string `json:"role,omitempty"`
}

// accepted implements streamRenderer: the protocol has no word for it, but a sign of life keeps proxies from hanging up.
func (c *chatRenderer) accepted(events *eventWriter, _ assistant.Run) { events.keepAlive() }

// progress implements streamRenderer, as accepted does.
func (c *chatRenderer) progress(events *eventWriter, _ assistant.Stage) { events.keepAlive() }

// end implements streamRenderer. The text has passed its checks as a whole before its first character is sent.
func (c *chatRenderer) end(events *eventWriter, end landing) {
	run := end.run
	text := chatText(run)
	chunk := chatChunk{Created: run.Reply.CreatedAt.Unix(), ID: chatID(run), Model: chatModel, Object: "chat.completion.chunk"}
	send := func(delta chatDelta) {
		chunk.Choices = []chatDelta{delta}
		events.data(chunk)
	}
	send(chatDelta{Delta: chatDeltaText{Role: "assistant"}})
	for line := range strings.Lines(text) {
		send(chatDelta{Delta: chatDeltaText{Content: line}})
	}
	stop := "stop"
	chunk.Deskhand = chatDetails(run)
	send(chatDelta{FinishReason: &stop})
	if c.usage {
		usage := c.count(text)
		chunk.Choices, chunk.Deskhand, chunk.Usage = []chatDelta{}, nil, &usage
		events.data(chunk)
	}
	events.write("data: [DONE]\n\n")
}

// fail implements streamRenderer.
func (c *chatRenderer) fail(events *eventWriter, p *Problem) { events.data(newChatError(p)) }

// data writes an event without a name.
func (e *eventWriter) data(value any) {
	encoded, err := json.Marshal(value)
	if err != nil {
		e.gone = true // cannot happen: the types are ours
		return
	}
	e.write("data: " + string(encoded) + "\n\n")
}
