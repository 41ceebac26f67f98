package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/llm"
)

const (
	// chatModel is the only model of the chat protocol's front.
	chatModel = "deskhand"
	// chatChannel is where questions of that front come from.
	chatChannel = "chat_api"
	chatPath    = "/v1/chat/completions"
	modelsPath  = "/v1/models"
	// modelCreated is when this front was first there, in Unix seconds: clients want a time, and it must not move.
	modelCreated = 1_795_305_600
)

// chatInput is read by readChat: clients of the protocol send more fields than anybody describes.
type chatInput struct {
	CustomerToken  string `doc:"Who asks, if the host site knows: a JSON Web Token as in customer.token of POST /v1/answers. For clients that cannot send it in the body." header:"X-Customer-Token" maxLength:"4096"`                                                                              //nolint:lll // a tag is one line
	IdempotencyKey string `doc:"The sender's name for this request. Sent again with the same question, it gets the first answer again. Without it, a repeated request is a new question." header:"Idempotency-Key" pattern:"^[!-~]{1,200}$" patternDescription:"1 to 200 visible ASCII characters"` //nolint:lll // a tag is one line
	RawBody        []byte `contentType:"application/json"`
}

// ChatCompletion is how a question ended, in the chat protocol.
type ChatCompletion struct {
	Choices  []ChatChoice `doc:"One." json:"choices" nullable:"false"`
	Created  int64        `doc:"Unix seconds." json:"created"`
	Deskhand *ChatDetails `doc:"What the protocol has no field for." json:"deskhand"`
	ID       string       `example:"chatcmpl-01a200a5-9b0a-7120-bbd8-3d96fa25079b" json:"id"`
	Model    string       `enum:"deskhand" json:"model"`
	Object   string       `enum:"chat.completion" json:"object"`
	Usage    ChatUsage    `json:"usage"`
}

// ChatChoice is the reply.
type ChatChoice struct {
	FinishReason string      `enum:"stop" json:"finish_reason"`
	Index        int         `json:"index"`
	Message      ChatMessage `json:"message"`
}

// ChatMessage is what the customer reads.
type ChatMessage struct {
	Content string `doc:"Plain text: the reply, and below it a line for each source and the number of the ticket." json:"content"`
	Role    string `enum:"assistant" json:"role"`
}

// ChatUsage counts tokens (cl100k_base) of the question and of the reply. It says nothing of what the answer took.
type ChatUsage struct {
	CompletionTokens int `json:"completion_tokens"`
	PromptTokens     int `json:"prompt_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

// ChatDetails are what POST /v1/answers returns beside the text.
type ChatDetails struct {
	Citations      []Citation     `doc:"The articles that the reply rests on. A fixed text has none." json:"citations" nullable:"false"`
	ConversationID uuid.UUID      `doc:"Send it with the next question, as deskhand.conversation_id or metadata.conversation_id." format:"uuid" json:"conversation_id"` //nolint:lll // a tag is one line
	Language       string         `doc:"BCP 47 tag of the reply." json:"language"`
	MessageID      uuid.UUID      `doc:"The question." format:"uuid" json:"message_id"`
	Outcome        string         `enum:"answered,clarify,handed_off" json:"outcome"`
	ReplyID        uuid.UUID      `doc:"The reply, to rate it." format:"uuid" json:"reply_id"`
	Ticket         *TicketSummary `doc:"The person's ticket, when the question was handed off." json:"ticket,omitempty"`
}

// ModelList is what a chat client may choose from.
type ModelList struct {
	Data   []ChatModel `json:"data" nullable:"false"`
	Object string      `enum:"list" json:"object"`
}

// ChatModel is a name to send as model.
type ChatModel struct {
	Created int64  `doc:"Unix seconds." json:"created"`
	ID      string `enum:"deskhand" json:"id"`
	Object  string `enum:"model" json:"object"`
	OwnedBy string `json:"owned_by"`
}

func (s *server) describeChat(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	tags := []string{"Customers"}
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		fiber.MIMEApplicationJSON: {Schema: schemas.Schema(reflect.TypeFor[ChatCompletionInput](), true, "ChatCompletionInput")},
	}}
	huma.Register(api, s.chatOperation(api, huma.Operation{
		Description: "The pipeline of POST /v1/answers behind OpenAI's chat protocol, for clients that speak it: base URL …/v1, a widget " +
			"key as API key.\n\n" +
			"The last message of the role user is the question. All other messages are ignored: what a client says was said before is " +
			"not believed. The service keeps the conversation itself; a client continues it with the deskhand.conversation_id of the " +
			"last answer, sent back as deskhand.conversation_id, as metadata.conversation_id, or as user \"conversation:ID\". A client " +
			"that sends none begins a new conversation with each question.\n\n" +
			"A customer whom the host site knows is named by a signed token, in deskhand.customer.token or in the header " +
			"X-Customer-Token, as docs/identity.md says; nothing else in a request says who asks, the field user neither.\n\n" +
			"Sampling parameters (temperature, top_p, max_tokens, stop, seed and the like) are ignored: what is sent is not sampled. " +
			"Refused by name are those that would promise something else: tools, functions, response_format other than text, n above 1, " +
			"logprobs, audio, and parts of a message that are not text. With stream, the checked reply comes as chat.completion.chunk " +
			"events, deskhand in the last one, then [DONE]. Errors have OpenAI's shape; their code is that of a problem.",
		Method: http.MethodPost, OperationID: "chat-completion", Path: chatPath, RequestBody: body, SkipValidateBody: true,
		Summary: "Ask, as a chat completion", Tags: tags,
		Responses: map[string]*huma.Response{"200": {
			Description: "How the question ended",
			Content: map[string]*huma.MediaType{
				fiber.MIMEApplicationJSON: {Schema: schemas.Schema(reflect.TypeFor[ChatCompletion](), true, "ChatCompletion")},
				eventStreamType: {Schema: &huma.Schema{
					Type: huma.TypeString, Description: "Server-sent events: chunks, then [DONE].",
				}},
			},
		}},
	}), s.chat)
	huma.Register(api, s.chatOperation(api, huma.Operation{
		Description: "The models of the chat protocol: one.",
		Method:      http.MethodGet, OperationID: "list-models", Path: modelsPath, Summary: "List chat models", Tags: tags,
	}), s.models)
	huma.Register(api, s.chatOperation(api, huma.Operation{
		Description: "A model of the chat protocol.",
		Method:      http.MethodGet, OperationID: "get-model", Path: modelsPath + "/{id}", Summary: "Read a chat model", Tags: tags,
	}), s.model)
}

// chatOperation is an operation whose errors have the protocol's shape.
func (s *server) chatOperation(api huma.API, op huma.Operation) huma.Operation {
	op = s.operation(api, op, access.Ask)
	op.Responses["default"] = &huma.Response{
		Description: "An error in OpenAI's shape",
		Content: map[string]*huma.MediaType{
			fiber.MIMEApplicationJSON: {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[ChatError](), true, "ChatError")},
		},
	}
	return op
}

func (s *server) chat(ctx context.Context, in *chatInput) (*answerOutput, error) {
	request, problem := readChat(in.RawBody)
	if problem != nil {
		return nil, problem
	}
	question := request.question
	question.APIKeyID, question.Channel, question.IdempotencyKey = requestFrom(ctx).key.ID, chatChannel, in.IdempotencyKey
	if token := cmp.Or(request.token, in.CustomerToken); token != "" {
		customer, locale, err := s.Store.CustomerOf(ctx, question.APIKeyID, token)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		question.Customer, question.Locale = customer, cmp.Or(question.Locale, locale)
	}
	render := &chatRenderer{question: question.Body, tokens: s.chatTokens, usage: request.usage}
	leave, problem := s.admit(ctx, question)
	if problem != nil {
		return nil, problem
	}
	if request.stream {
		return s.stream(ctx, admittedQuestion{Question: question, leave: leave}, render)
	}
	defer leave()
	ctx, cancel := s.detach(ctx)
	defer cancel()
	run, err := s.Assistant.Handle(ctx, question)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	requestFrom(ctx).answer = run.Outcome
	completion := render.completion(run)
	return &answerOutput{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(completion) // into memory, of a type that always encodes
	}}, nil
}

func (s *server) models(context.Context, *struct{}) (*output[ModelList], error) {
	return &output[ModelList]{Body: ModelList{Data: []ChatModel{theChatModel()}, Object: "list"}}, nil
}

type modelInput struct {
	ID string `path:"id"`
}

func (s *server) model(_ context.Context, in *modelInput) (*output[ChatModel], error) {
	if in.ID != chatModel {
		return nil, unknownModel()
	}
	return &output[ChatModel]{Body: theChatModel()}, nil
}

func theChatModel() ChatModel {
	return ChatModel{Created: modelCreated, ID: chatModel, Object: "model", OwnedBy: "deskhand"}
}

// chatRenderer writes the end of a question in the chat protocol.
type chatRenderer struct {
	question string
	tokens   *llm.Tokens
	usage    bool // the stream ends with the usage
}

func (c *chatRenderer) completion(run assistant.Run) ChatCompletion {
	text := chatText(run)
	return ChatCompletion{
		Choices:  []ChatChoice{{FinishReason: "stop", Message: ChatMessage{Content: text, Role: "assistant"}}},
		Created:  run.Reply.CreatedAt.Unix(),
		Deskhand: chatDetails(run),
		ID:       chatID(run),
		Model:    chatModel,
		Object:   "chat.completion",
		Usage:    c.count(text),
	}
}

// count falls back to a rule of thumb, four bytes a token: clients want a number and none depends on it.
func (c *chatRenderer) count(reply string) ChatUsage {
	count := func(text string) int {
		n, err := c.tokens.Count(llm.CL100K, text)
		if err != nil {
			return len(text) / 4
		}
		return n
	}
	usage := ChatUsage{CompletionTokens: count(reply), PromptTokens: count(c.question)}
	usage.TotalTokens = usage.CompletionTokens + usage.PromptTokens
	return usage
}

func chatID(run assistant.Run) string { return "chatcmpl-" + run.MessageID.String() }

func chatDetails(run assistant.Run) *ChatDetails {
	return &ChatDetails{
		Citations: citations(run.Reply.Citations), ConversationID: run.ConversationID, Language: run.Reply.Language,
		MessageID: run.MessageID, Outcome: string(run.Outcome), ReplyID: run.Reply.ID, Ticket: ticketSummary(run.Ticket),
	}
}

// chatText is the reply with what a client shows that knows nothing of the extension: titles of sources and the number of the
// ticket, without words, because they stand below a text in any language.
func chatText(run assistant.Run) string {
	var text strings.Builder
	text.WriteString(run.Reply.Body)
	for i, citation := range run.Reply.Citations {
		if i == 0 {
			text.WriteString("\n")
		}
		text.WriteString("\n[" + strconv.Itoa(i+1) + "] " + citation.Title)
	}
	if run.Ticket != nil {
		text.WriteString("\n\n[" + run.Ticket.Reference() + "] " + run.Ticket.RespondBy.UTC().Format(time.RFC3339))
	}
	return text.String()
}
