package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
)

// ChatCompletionInput is the part of a chat request that means something here.
type ChatCompletionInput struct {
	Deskhand      *ChatExtension     `doc:"What the protocol has no field for." json:"deskhand,omitempty"`
	Messages      []ChatTurn         `doc:"The last one of the role user is the question; the others are ignored." json:"messages" nullable:"false"` //nolint:lll // a tag is one line
	Metadata      map[string]any     `doc:"conversation_id and locale are read, as in deskhand." json:"metadata,omitempty"`
	Model         string             `doc:"One of GET /v1/models." example:"deskhand" json:"model"`
	Stream        bool               `doc:"Answer with server-sent events." json:"stream,omitempty"`
	StreamOptions *ChatStreamOptions `json:"stream_options,omitempty"`
	User          string             `doc:"\"conversation:ID\" continues a conversation; anything else is ignored, and never says who asks." json:"user,omitempty"` //nolint:lll // a tag is one line
}

// ChatExtension is deskhand's own part of a request.
type ChatExtension struct {
	ConversationID string         `doc:"The conversation that the question belongs to. Without it, a new one begins." format:"uuid" json:"conversation_id,omitempty"` //nolint:lll // a tag is one line
	Customer       *CustomerProof `doc:"Who asks, if the host site knows. Without it, the customer is anonymous." json:"customer,omitempty"`
	Locale         string         `doc:"Language that the customer reads, as a BCP 47 tag. A hint." json:"locale,omitempty"`
}

// ChatStreamOptions are the protocol's.
type ChatStreamOptions struct {
	IncludeUsage bool `doc:"End the stream with the usage." json:"include_usage,omitempty"`
}

// ChatTurn is a message of a chat request.
type ChatTurn struct {
	Content any    `doc:"A text, or a list of parts of the type text." json:"content,omitempty"`
	Role    string `json:"role"`
}

// chatRequest is a request that was understood.
type chatRequest struct {
	question assistant.Question
	stream   bool
	token    string // of the customer; empty for none
	usage    bool
}

// readChat reads a request of the chat protocol. What it does not know it ignores, as the protocol's servers do; what it
// knows and cannot do it refuses by name. A problem never repeats what was sent.
func readChat(body []byte) (chatRequest, *Problem) {
	var in ChatCompletionInput
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&in); err != nil {
		return chatRequest{}, unreadable(err)
	}
	if decoder.More() {
		return chatRequest{}, chatProblem("", "The body is more than one JSON object.")
	}
	switch {
	case in.Model == "":
		return chatRequest{}, chatProblem("model", "model is missing: send \""+chatModel+"\".")
	case in.Model != chatModel:
		return chatRequest{}, unknownModel()
	}
	if problem := refuseUnsupported(body); problem != nil {
		return chatRequest{}, problem
	}
	text, problem := lastQuestion(in.Messages)
	if problem != nil {
		return chatRequest{}, problem
	}
	out := chatRequest{
		question: assistant.Question{Body: text}, stream: in.Stream,
		usage: in.StreamOptions != nil && in.StreamOptions.IncludeUsage,
	}
	if in.Deskhand != nil && in.Deskhand.Customer != nil {
		if out.token = in.Deskhand.Customer.Token; out.token == "" {
			return out, chatProblem("deskhand.customer.token", "deskhand.customer.token is empty: send the token, or no customer.")
		}
	}
	out.question.ConversationID, out.question.Locale, problem = in.context()
	return out, problem
}

// lastQuestion is the text of the last message of the role user.
func lastQuestion(turns []ChatTurn) (string, *Problem) {
	for i, turn := range slices.Backward(turns) {
		if turn.Role != "user" {
			continue
		}
		field := fmt.Sprintf("messages[%d].content", i)
		text, problem := turn.text(field)
		switch {
		case problem != nil:
			return "", problem
		case strings.TrimSpace(text) == "":
			return "", chatProblem(field, field+" is empty: send the customer's text.")
		}
		// What the pipeline refuses is refused here, under the name that the caller knows.
		question := assistant.Question{Body: text, Channel: chatChannel}
		if refused, ok := errors.AsType[*assistant.Error](question.Validate()); ok {
			return "", chatProblem(field, strings.ReplaceAll(refused.Message, refused.Field, field)+".")
		}
		return text, nil
	}
	return "", chatProblem("messages", "messages has no message of the role user: the last one is the question.")
}

// text joins the parts of a message.
func (t ChatTurn) text(field string) (string, *Problem) {
	switch content := t.Content.(type) {
	case string:
		return content, nil
	case []any:
		var texts []string
		for i, value := range content {
			part, _ := value.(map[string]any)
			text, ok := part["text"].(string)
			if part["type"] != "text" || !ok {
				at := fmt.Sprintf("%s[%d]", field, i)
				return "", chatProblem(at, at+" is not a part of the type text: nothing else can be read here.")
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, "\n"), nil
	default:
		return "", chatProblem(field, field+" must be a text or a list of parts of the type text.")
	}
}

// conversationUser begins the user of a client that can send nothing else.
const conversationUser = "conversation:"

// localeTag is the pattern of AnswerRequest.Locale.
var localeTag = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}$`)

// context finds the conversation and the language, in the extension before the metadata before the user.
func (in ChatCompletionInput) context() (conversation uuid.UUID, locale string, problem *Problem) {
	field, id := "deskhand.conversation_id", ""
	if in.Deskhand != nil {
		id, locale = in.Deskhand.ConversationID, in.Deskhand.Locale
	}
	if value, ok := in.Metadata["conversation_id"].(string); ok && id == "" {
		field, id = "metadata.conversation_id", value
	}
	if value, ok := strings.CutPrefix(in.User, conversationUser); ok && id == "" {
		field, id = "user", value
	}
	if id != "" {
		var err error
		if conversation, err = uuid.Parse(id); err != nil {
			return uuid.Nil, "", chatProblem(field, field+" is not the id of a conversation.")
		}
	}
	field = "deskhand.locale"
	if value, ok := in.Metadata["locale"].(string); ok && locale == "" {
		field, locale = "metadata.locale", value
	}
	if locale != "" && !localeTag.MatchString(locale) {
		return uuid.Nil, "", chatProblem(field, field+" is not a BCP 47 tag.")
	}
	return conversation, locale, nil
}

// unsupported are the parameters that change what an answer is: to ignore them would promise something else. Each holds
// which values mean nothing, beside null.
func unsupported() map[string]func(value any) bool {
	empty := func(value any) bool {
		list, ok := value.([]any)
		return ok && len(list) == 0
	}
	off := func(value any) bool { return value == false }
	never := func(any) bool { return false }
	return map[string]func(any) bool{
		"audio": never, "function_call": func(v any) bool { return v == "none" || v == "auto" }, "functions": empty, "logprobs": off,
		"modalities": func(v any) bool {
			list, ok := v.([]any)
			return ok && len(list) == 1 && list[0] == "text"
		},
		"n": func(v any) bool { return v == 1.0 },
		"response_format": func(v any) bool {
			format, ok := v.(map[string]any)
			return ok && format["type"] == "text"
		},
		"tool_choice": func(v any) bool { return v == "none" || v == "auto" }, "tools": empty,
		"top_logprobs": func(v any) bool { return v == 0.0 }, "web_search_options": never,
	}
}

func refuseUnsupported(body []byte) *Problem {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return unreadable(err)
	}
	meaningless := unsupported()
	names := make([]string, 0, len(meaningless))
	for name := range meaningless {
		if value, sent := fields[name]; sent && value != nil && !meaningless[name](value) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		name := slices.Min(names)
		return chatProblem(name, name+" is not supported: leave it out.")
	}
	if extension, ok := fields["deskhand"].(map[string]any); ok {
		for name := range extension {
			if !slices.Contains([]string{"conversation_id", "customer", "locale"}, name) {
				return chatProblem("deskhand", "deskhand has a field that is not known: it takes conversation_id, customer and locale.")
			}
		}
	}
	return nil
}

// unreadable names the field that has the wrong type, where it is one of ours.
func unreadable(err error) *Problem {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && plainName.MatchString(wrong.Field) {
		return chatProblem(wrong.Field, wrong.Field+" has the wrong type: see the description of this route.")
	}
	return chatProblem("", "The body is not a JSON object.")
}

// chatProblem is a mistake in a request, at a field or in the whole. OpenAI's clients know it by the status 400.
func chatProblem(field, detail string) *Problem {
	p := newProblem(kindBadRequest, detail)
	if field != "" {
		p.Errors = []FieldError{{Field: field, Message: detail}}
	}
	return p
}

func unknownModel() *Problem {
	p := newProblem(kindNotFound, "There is no such model. The only one is \""+chatModel+"\".")
	p.Errors = []FieldError{{Field: "model", Message: p.Detail}}
	return p
}
