package llmtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"unicode/utf8"
)

// streamRunes is the length of one streamed piece of content.
const streamRunes = 12

// Responder writes the answer to a chat request. It must be safe for concurrent use.
type Responder func(ChatRequest) ChatReply

// ChatRequest is the part of a chat completion request that a Responder may look at.
type ChatRequest struct {
	MaxCompletionTokens int             `json:"max_completion_tokens"`
	MaxTokens           int             `json:"max_tokens"`
	Messages            []Message       `json:"messages"`
	Model               string          `json:"model"`
	ResponseFormat      *ResponseFormat `json:"response_format"`
	Stream              bool            `json:"stream"`
	StreamOptions       struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Temperature *float64 `json:"temperature"`
}

// System returns the system and developer messages, joined by a blank line.
func (r ChatRequest) System() string { return r.join("system", "developer") }

// User returns the user messages, joined by a blank line.
func (r ChatRequest) User() string { return r.join("user") }

// Schema returns the JSON Schema that the answer must satisfy, or nil.
func (r ChatRequest) Schema() json.RawMessage {
	if r.ResponseFormat == nil || r.ResponseFormat.JSONSchema == nil {
		return nil
	}
	return r.ResponseFormat.JSONSchema.Schema
}

func (r ChatRequest) join(roles ...string) string {
	var parts []string
	for _, m := range r.Messages {
		for _, role := range roles {
			if m.Role == role {
				parts = append(parts, m.Content)
			}
		}
	}
	return strings.Join(parts, "\n\n")
}

// Message is one chat message; content given in parts is joined.
type Message struct {
	Content string `json:"content"`
	Role    string `json:"role"`
}

// UnmarshalJSON accepts content as a string, as a list of parts, or null.
func (m *Message) UnmarshalJSON(data []byte) error {
	var raw struct {
		Content json.RawMessage `json:"content"`
		Role    string          `json:"role"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	m.Role = raw.Role
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw.Content, &parts) == nil {
		var text strings.Builder
		for _, part := range parts {
			text.WriteString(part.Text)
		}
		m.Content = text.String()
		return nil
	}
	if err := json.Unmarshal(raw.Content, &m.Content); err != nil {
		return fmt.Errorf("decode message content: %w", err)
	}
	return nil
}

// ResponseFormat is the request for structured output.
type ResponseFormat struct {
	JSONSchema *struct {
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"schema"`
		Strict bool            `json:"strict"`
	} `json:"json_schema"`
	Type string `json:"type"`
}

// ChatReply is the answer to a chat request. Zero token counts are estimated from the text.
type ChatReply struct {
	CompletionTokens int
	Content          string
	FinishReason     string // default "stop"
	NoChoices        bool
	PromptTokens     int
	Refusal          string
}

// Minimal answers with the smallest JSON value that satisfies the request's schema, "{}" in JSON mode, else "ok".
func Minimal(req ChatRequest) ChatReply {
	if schema := req.Schema(); schema != nil {
		return ChatReply{Content: MinimalJSON(schema)}
	}
	if req.ResponseFormat != nil && req.ResponseFormat.Type == "json_object" {
		return ChatReply{Content: "{}"}
	}
	return ChatReply{Content: "ok"}
}

func (s *Server) chat(c *call) {
	var req ChatRequest
	if err := json.Unmarshal(c.body, &req); err != nil || len(req.Messages) == 0 {
		writeError(c.w, apiError{
			Message: "'messages' is required", Param: "messages", Status: http.StatusBadRequest, Type: "invalid_request_error",
		})
		return
	}
	if deployment := c.r.PathValue("model"); deployment != "" {
		req.Model = deployment
	}
	if s.rejects(c, req.Model) {
		return
	}
	s.mu.Lock()
	respond := s.responder
	s.mu.Unlock()
	reply := respond(req)
	if c.fault.chat != nil {
		c.fault.chat(&reply)
	}
	completeReply(&reply, req)
	if req.Stream {
		streamChat(c.w, req, reply)
		return
	}
	writeJSON(c.w, chatBody(req, reply))
}

func completeReply(reply *ChatReply, req ChatRequest) {
	if reply.FinishReason == "" {
		reply.FinishReason = "stop"
	}
	if reply.PromptTokens == 0 {
		for _, m := range req.Messages {
			reply.PromptTokens += estimateTokens(m.Content)
		}
	}
	if reply.CompletionTokens == 0 {
		reply.CompletionTokens = estimateTokens(reply.Content + reply.Refusal)
	}
}

type chatMessage struct {
	Content *string `json:"content"`
	Refusal *string `json:"refusal"`
	Role    string  `json:"role"`
}

type chatChoice struct {
	FinishReason string      `json:"finish_reason"`
	Index        int         `json:"index"`
	Message      chatMessage `json:"message"`
}

type usageBody struct {
	CompletionTokens int `json:"completion_tokens"`
	PromptTokens     int `json:"prompt_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func chatBody(req ChatRequest, reply ChatReply) map[string]any {
	choices := []chatChoice{}
	if !reply.NoChoices {
		message := chatMessage{Content: &reply.Content, Role: "assistant"}
		if reply.Refusal != "" {
			message = chatMessage{Refusal: &reply.Refusal, Role: "assistant"}
		}
		choices = append(choices, chatChoice{FinishReason: reply.FinishReason, Message: message})
	}
	return map[string]any{
		"choices": choices, "created": 0, "id": "chatcmpl-llmtest", "model": req.Model, "object": "chat.completion",
		"usage": usageOf(reply),
	}
}

// streamChat writes the reply as server-sent events: a role, pieces of content, the finish reason, the usage when it
// was asked for, and the end mark.
func streamChat(w http.ResponseWriter, req ChatRequest, reply ChatReply) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	send := func(extra map[string]any) {
		chunk := map[string]any{
			"created": 0, "id": "chatcmpl-llmtest", "model": req.Model, "object": "chat.completion.chunk",
		}
		maps.Copy(chunk, extra)
		data, err := json.Marshal(chunk)
		if err != nil {
			panic(fmt.Sprintf("marshal chunk: %v", err)) // strings and numbers only: cannot fail
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", data) // the client may be gone
		_ = flusher.Flush()
	}
	choice := func(delta map[string]any, finish any) map[string]any {
		return map[string]any{"choices": []any{map[string]any{"delta": delta, "finish_reason": finish, "index": 0}}}
	}
	if !reply.NoChoices {
		send(choice(map[string]any{"content": "", "role": "assistant"}, nil))
		if reply.Refusal != "" {
			send(choice(map[string]any{"refusal": reply.Refusal}, nil))
		}
		for _, piece := range pieces(reply.Content) {
			send(choice(map[string]any{"content": piece}, nil))
		}
		send(choice(map[string]any{}, reply.FinishReason))
	}
	if req.StreamOptions.IncludeUsage {
		send(map[string]any{"choices": []any{}, "usage": usageOf(reply)})
	}
	_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
	_ = flusher.Flush()
}

func usageOf(reply ChatReply) usageBody {
	return usageBody{
		CompletionTokens: reply.CompletionTokens, PromptTokens: reply.PromptTokens,
		TotalTokens: reply.CompletionTokens + reply.PromptTokens,
	}
}

func pieces(text string) []string {
	var out []string
	runes := []rune(text)
	for len(runes) > 0 {
		n := min(streamRunes, len(runes))
		out = append(out, string(runes[:n]))
		runes = runes[n:]
	}
	return out
}

// estimateTokens is the usual rule of thumb, four characters a token, at least one for any text.
func estimateTokens(text string) int {
	return (utf8.RuneCountInString(text) + 3) / 4
}
