package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sashabaranov/go-openai"
)

// Client is a connection to one OpenAI-compatible server. It learns which parts of the protocol the server lacks and
// asks for each only once. It is safe for concurrent use.
type Client struct {
	api  *openai.Client
	cfg  Config
	http *http.Client

	mu      sync.Mutex
	dialect dialect
}

// NewClient checks the configuration and connects lazily: no request is made.
func NewClient(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure model client: %w", err)
	}
	if cfg.StructuredOutput == "" {
		cfg.StructuredOutput = StructuredJSONSchema
	}
	client := cfg.HTTPClient
	if client == nil {
		client = newHTTPClient()
	}
	api := openai.DefaultConfig(cfg.APIKey)
	if cfg.AzureAPIVersion != "" {
		api = openai.DefaultAzureConfig(cfg.APIKey, "")
		api.APIVersion = cfg.AzureAPIVersion
		api.AzureModelMapperFunc = func(deployment string) string { return deployment }
	}
	api.BaseURL = cfg.baseURL()
	api.HTTPClient = newDoer(client)
	return &Client{
		api: openai.NewClientWithConfig(api), cfg: cfg, dialect: dialect{structured: cfg.StructuredOutput}, http: client,
	}, nil
}

// Chat returns the chat model.
func (c *Client) Chat() *Chat { return &Chat{client: c} }

// Embeddings returns the embedding model.
func (c *Client) Embeddings() *Embeddings { return &Embeddings{client: c} }

// StructuredOutput tells how the server is currently brought to answer in JSON: what was configured until a request
// showed that it can do less.
func (c *Client) StructuredOutput() StructuredOutput { return c.speaks().structured }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) speaks() dialect {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialect
}

func (c *Client) learn(d dialect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialect = d
}

// exchange runs one request in the dialect that the server understands. When the server objects to a feature, the
// request is repeated without it; what was learned is kept only if that helped, because an error about something else
// may mention the same words.
func (c *Client) exchange(ctx context.Context, limit int64, call func(context.Context, dialect) error) error {
	known := c.speaks()
	d := known
	for {
		n := &note{maxBody: limit}
		err := call(context.WithValue(ctx, noteKey{}, n), d)
		if err == nil {
			if d != known {
				c.learn(d)
			}
			return nil
		}
		if _, judged := errors.AsType[*Error](err); judged { // the answer was understood and judged, so the dialect is right
			if d != known {
				c.learn(d)
			}
			return err
		}
		next, changed := d.adapt(err, n)
		if !changed {
			return classify(ctx, err, n)
		}
		d = next
	}
}

// maxChatBody bounds a chat answer: far above any token limit in use.
const maxChatBody = 4 << 20

// leastTemperature stands for 0, which go-openai leaves out of the request so that servers would use 1. It is small
// enough to be greedy and large enough not to overflow when a local server divides logits by it.
const leastTemperature = 1e-6

// Chat is the chat model of a Client; it implements Model.
type Chat struct {
	client *Client
	// schemas are compiled ones by their text: a program asks in a few, again and again.
	schemas sync.Map
}

// Name is the configured model name.
func (m *Chat) Name() string { return m.client.cfg.ChatModel }

// Complete makes one call, or a few more when the server turns out to lack a feature. Where the server does not enforce the
// schema, a model that missed it gets one chance to mend its answer. It does not retry.
func (m *Chat) Complete(ctx context.Context, req Request) (Response, error) {
	var (
		schema *compiledSchema
		err    error
	)
	if req.Schema != nil {
		if schema, err = m.schema(req.Schema.JSON); err != nil {
			return Response{}, fmt.Errorf("complete chat: %w", &Error{
				Kind: ErrConfig, Model: m.Name(), Reason: "schema " + req.Schema.Name + ": " + err.Error(),
			})
		}
	}
	out, flaw, err := m.ask(ctx, question{Request: req, compiled: schema})
	if flaw != nil && m.client.speaks().structured != StructuredJSONSchema {
		first := out.Usage
		out, _, err = m.ask(ctx, question{Request: req, compiled: schema, flaw: flaw})
		out.Usage = out.Usage.add(first)
	}
	if err != nil {
		return Response{}, fmt.Errorf("complete chat: %w", named(err, m.Name()))
	}
	return out, nil
}

func (m *Chat) schema(raw json.RawMessage) (*compiledSchema, error) {
	if known, ok := m.schemas.Load(string(raw)); ok {
		return known.(*compiledSchema), nil //nolint:forcetypeassert // the only type that is stored
	}
	schema, err := compileSchema(raw)
	if err == nil {
		m.schemas.Store(string(raw), schema)
	}
	return schema, err
}

// question is what ask asks: a request, or a request with the flawed answer that it got.
type question struct {
	Request

	compiled *compiledSchema // of Schema
	flaw     *flaw
}

// ask returns the answer, or beside the error what the model could mend. The usage is set in either case.
func (m *Chat) ask(ctx context.Context, q question) (out Response, found *flaw, err error) {
	err = m.client.exchange(ctx, maxChatBody, func(ctx context.Context, d dialect) error {
		answer, err := m.client.api.CreateChatCompletion(ctx, q.flaw.addTo(d.chatRequest(m.Name(), q.Request)))
		if err != nil {
			return err // classified by exchange
		}
		out, err = m.read(ctx, answer, q.compiled)
		found = flawIn(answer, err)
		out.Usage = Usage{CompletionTokens: answer.Usage.CompletionTokens, PromptTokens: answer.Usage.PromptTokens}
		return err
	})
	return out, found, err
}

// read turns an answer into a Response or says what is wrong with it.
func (m *Chat) read(ctx context.Context, answer openai.ChatCompletionResponse, schema *compiledSchema) (Response, error) {
	usage := Usage{CompletionTokens: answer.Usage.CompletionTokens, PromptTokens: answer.Usage.PromptTokens}
	reportUsage(ctx, usage) // before any check: unusable answers cost money too
	if len(answer.Choices) == 0 {
		return Response{}, malformed("no choices")
	}
	choice := answer.Choices[0]
	switch {
	case choice.Message.Refusal != "":
		return Response{}, &Error{Kind: ErrRefused, Reason: "refusal"}
	case choice.FinishReason == openai.FinishReasonContentFilter:
		return Response{}, &Error{Kind: ErrRefused, Reason: "content filter"}
	case choice.FinishReason == openai.FinishReasonLength:
		return Response{}, malformed("cut off by the token limit")
	case strings.TrimSpace(choice.Message.Content) == "":
		return Response{}, malformed("empty text")
	}
	out := Response{FinishReason: "stop", Model: m.Name(), Text: choice.Message.Content, Usage: usage}
	if choice.FinishReason != openai.FinishReasonStop {
		out.FinishReason = "other"
	}
	if modelName.MatchString(answer.Model) {
		out.Model = answer.Model
	}
	if schema != nil {
		text, value, err := decodeObject(choice.Message.Content)
		if err != nil {
			return Response{}, malformed(err.Error())
		}
		if err := schema.validate(value); err != nil {
			return Response{}, malformed("against the schema: " + err.Error())
		}
		out.Text = text
	}
	return out, nil
}

// modelName is what a server's model name may look like before it is stored or used as a label.
var modelName = regexp.MustCompile(`^[A-Za-z0-9._:/@-]{1,100}$`)

// dialect is the part of the protocol that a server understands.
type dialect struct {
	completionTokens bool // takes max_completion_tokens, not max_tokens
	fixedTemperature bool // does not take temperature
	floats           bool // does not send base64 vectors
	nativeDimensions bool // does not take dimensions
	structured       StructuredOutput
}

// chatRequest writes a request in the dialect.
func (d dialect) chatRequest(model string, req Request) openai.ChatCompletionRequest {
	out := openai.ChatCompletionRequest{Model: model}
	if !d.fixedTemperature {
		out.Temperature = max(req.Temperature, leastTemperature)
	}
	if d.completionTokens {
		out.MaxCompletionTokens = req.MaxTokens
	} else {
		out.MaxTokens = req.MaxTokens //nolint:staticcheck // what servers other than OpenAI's understand
	}
	system := req.System
	if req.Schema != nil {
		switch d.structured {
		case StructuredJSONSchema:
			out.ResponseFormat = &openai.ChatCompletionResponseFormat{
				JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
					Name: req.Schema.Name, Schema: req.Schema.JSON, Strict: true,
				},
				Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			}
		case StructuredJSONObject:
			out.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
			system = withSchema(system, req.Schema.JSON)
		case StructuredPrompt:
			system = withSchema(system, req.Schema.JSON)
		}
	}
	if system != "" {
		out.Messages = append(out.Messages, openai.ChatCompletionMessage{Content: system, Role: openai.ChatMessageRoleSystem})
	}
	out.Messages = append(out.Messages, openai.ChatCompletionMessage{Content: req.User, Role: openai.ChatMessageRoleUser})
	return out
}

// adapt returns the dialect to try next after an objection, and whether there is one.
func (d dialect) adapt(err error, n *note) (dialect, bool) {
	next := d
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, openai.ErrReasoningModelMaxTokensDeprecated):
		next.completionTokens = true
	case errors.Is(err, openai.ErrReasoningModelLimitationsOther), errors.Is(err, openai.ErrReasoningSamplingUnsupported):
		next.fixedTemperature = true
	case n.status == http.StatusOK && errors.As(err, &wrongType):
		// The only field whose type we choose is the vector: this server sends floats whatever it is asked.
		next.floats = d.floats || strings.HasSuffix(wrongType.Field, "embedding")
	case slices.Contains([]int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusNotImplemented}, n.status):
		next = d.without(objection(err))
	}
	return next, next != d
}

// without drops the first feature in use that the objection names.
func (d dialect) without(text string) dialect {
	mentions := func(word string) bool { return strings.Contains(text, word) }
	switch {
	case mentions("encoding_format") || mentions("base64"):
		d.floats = true
	case mentions("dimensions"):
		d.nativeDimensions = true
	case mentions("temperature"):
		d.fixedTemperature = true
	case mentions("max_tokens") && !d.completionTokens:
		d.completionTokens = true
	case mentions("max_completion_tokens") && d.completionTokens:
		d.completionTokens = false
	case mentions("response_format") || mentions("json_schema") || mentions("json_object"):
		switch d.structured {
		case StructuredJSONSchema:
			d.structured = StructuredJSONObject
		case StructuredJSONObject, StructuredPrompt:
			d.structured = StructuredPrompt
		}
	}
	return d
}

// withSchema tells a model that cannot be forced how to answer. The word JSON has to occur for OpenAI's JSON mode.
func withSchema(system string, schema json.RawMessage) string {
	const rule = "Answer with exactly one JSON object and nothing else. It must satisfy this JSON Schema:\n"
	return strings.TrimSpace(system + "\n\n" + rule + string(schema))
}
