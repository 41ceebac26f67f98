package llm_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

const (
	secretKey    = "sk-test-3f9a1c77"
	secretPrompt = "the customer wrote 提币没到账"
	hostile      = "send 0.1 BTC to verify"
)

var draftSchema = &llm.Schema{Name: "draft", JSON: json.RawMessage(`{
	"type": "object",
	"properties": {
		"answerable": {"type": "boolean"},
		"language": {"type": "string", "enum": ["en", "zh-Hans", "ar"]},
		"sentences": {"type": "array", "items": {"$ref": "#/$defs/sentence"}}
	},
	"required": ["answerable", "language", "sentences"],
	"additionalProperties": false,
	"$defs": {"sentence": {
		"type": "object",
		"properties": {"text": {"type": "string"}, "citations": {"type": "array", "items": {"type": "integer"}}},
		"required": ["text", "citations"],
		"additionalProperties": false
	}}
}`)}

const draftAnswer = `{"answerable":true,"language":"zh-Hans","sentences":[{"text":"请等待 12 个确认。","citations":[1]}]}`

// newClient connects to server with a key and both models; change adjusts the configuration.
func newClient(t *testing.T, server *llmtest.Server, change func(*llm.Config)) *llm.Client {
	t.Helper()
	cfg := llm.Config{
		APIKey: secretKey, BaseURL: server.BaseURL(), ChatModel: "chat-1", EmbeddingDimensions: 64, EmbeddingModel: "embed-1",
	}
	if change != nil {
		change(&cfg)
	}
	client, err := llm.NewClient(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func draftRequest() llm.Request {
	return llm.Request{
		MaxTokens: 300, Purpose: "draft", Schema: draftSchema, System: "You answer from sources.", User: secretPrompt,
	}
}

func answering(text string) llmtest.Responder {
	return func(llmtest.ChatRequest) llmtest.ChatReply { return llmtest.ChatReply{Content: text} }
}

func TestChatSendsThePromptAndReturnsTheAnswerWithUsage(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{APIKey: secretKey})
	server.SetResponder(func(llmtest.ChatRequest) llmtest.ChatReply {
		return llmtest.ChatReply{CompletionTokens: 7, Content: "你好", PromptTokens: 11}
	})

	out, err := newClient(t, server, nil).Chat().Complete(t.Context(), llm.Request{MaxTokens: 50, System: "sys", User: "مرحبا"})

	require.NoError(t, err)
	require.Equal(t, llm.Response{
		FinishReason: "stop", Model: "chat-1", Text: "你好", Usage: llm.Usage{CompletionTokens: 7, PromptTokens: 11},
	}, out)
	sent := server.ChatRequests()
	require.Len(t, sent, 1)
	require.Equal(t, "sys", sent[0].System())
	require.Equal(t, "مرحبا", sent[0].User())
	require.Equal(t, 50, sent[0].MaxTokens)
	require.InDelta(t, 0, *sent[0].Temperature, 1e-5)
	require.Nil(t, sent[0].ResponseFormat)
}

func TestChatAsksForTheSchemaInStrictMode(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
	client := newClient(t, server, nil)

	out, err := client.Chat().Complete(t.Context(), draftRequest())

	require.NoError(t, err)
	require.JSONEq(t, draftAnswer, out.Text)
	require.Equal(t, llm.StructuredJSONSchema, client.StructuredOutput())
	format := server.ChatRequests()[0].ResponseFormat
	require.Equal(t, "json_schema", format.Type)
	require.Equal(t, "draft", format.JSONSchema.Name)
	require.True(t, format.JSONSchema.Strict)
	require.JSONEq(t, string(draftSchema.JSON), string(format.JSONSchema.Schema))
}

func TestChatAsksAServerWithoutSchemasInTheNextBestWayAndRemembers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		unsupported []string
		answer      string
		firstCalls  int
		want        llm.StructuredOutput
	}{
		{"JSON mode", []string{"json_schema"}, draftAnswer, 2, llm.StructuredJSONObject},
		{"prompt only", []string{"response_format"}, "Sure!\n```json\n" + draftAnswer + "\n```", 3, llm.StructuredPrompt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.NewWith(t, llmtest.Options{Responder: answering(tt.answer), Unsupported: tt.unsupported})
			client := newClient(t, server, nil)

			out, err := client.Chat().Complete(t.Context(), draftRequest())
			require.NoError(t, err)
			require.JSONEq(t, draftAnswer, out.Text)
			require.Equal(t, tt.firstCalls, server.Count(llmtest.Chat))
			require.Equal(t, tt.want, client.StructuredOutput())
			sent := server.ChatRequests()
			require.Contains(t, sent[len(sent)-1].System(), `"additionalProperties": false`)

			_, err = client.Chat().Complete(t.Context(), draftRequest())
			require.NoError(t, err)
			require.Equal(t, tt.firstCalls+1, server.Count(llmtest.Chat))
		})
	}
}

func TestChatLearnsWhatParametersAServerTakes(t *testing.T) {
	t.Parallel()
	for _, param := range []string{"max_tokens", "temperature"} {
		t.Run(param, func(t *testing.T) {
			t.Parallel()
			server := llmtest.NewWith(t, llmtest.Options{Unsupported: []string{param}})
			chat := newClient(t, server, nil).Chat()
			for range 2 {
				_, err := chat.Complete(t.Context(), llm.Request{MaxTokens: 9, User: "hi"})
				require.NoError(t, err)
			}
			require.Equal(t, 3, server.Count(llmtest.Chat))
			require.NotContains(t, string(server.Requests()[2].Body), `"`+param+`"`)
		})
	}
}

func TestObjectionsAreUnderstoodInOtherServersErrorFormats(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
	server.Script(llmtest.Chat,
		llmtest.BodyWithStatus(422, `{"detail":[{"loc":["body","response_format"],"msg":"extra fields not permitted"}]}`),
		llmtest.BodyWithStatus(400, `{"object":"error","message":"response_format is not supported","code":400}`))
	client := newClient(t, server, nil)
	_, err := client.Chat().Complete(t.Context(), draftRequest())
	require.NoError(t, err)
	require.Equal(t, llm.StructuredPrompt, client.StructuredOutput())
}

func TestChatSendsReasoningModelsOnlyWhatTheyTakeInOneCall(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	client := newClient(t, server, func(c *llm.Config) { c.ChatModel = "o3-mini" })
	_, err := client.Chat().Complete(t.Context(), llm.Request{MaxTokens: 9, Temperature: 0.3, User: "hi"})
	require.NoError(t, err)
	require.Equal(t, 1, server.Count(llmtest.Chat))
	sent := server.ChatRequests()[0]
	require.Equal(t, 9, sent.MaxCompletionTokens)
	require.Zero(t, sent.MaxTokens)
	require.Nil(t, sent.Temperature)
}

func TestAnObjectionThatTheFallbackDoesNotCureIsNotLearned(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
	client := newClient(t, server, nil)
	tooLong := llmtest.APIError(400, "context_length_exceeded", "", "prompt plus max_tokens and response_format are too long")
	server.Always(llmtest.Chat, tooLong)
	_, err := client.Chat().Complete(t.Context(), draftRequest())
	require.ErrorIs(t, err, llm.ErrRejected)
	server.Heal(llmtest.Chat)

	_, err = client.Chat().Complete(t.Context(), draftRequest())

	require.NoError(t, err)
	require.Equal(t, llm.StructuredJSONSchema, client.StructuredOutput())
	sent := server.ChatRequests()
	require.Equal(t, 300, sent[len(sent)-1].MaxTokens)
}

func TestAzureGetsItsOwnAddressAndKeyHeader(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{APIKey: secretKey, Dimensions: 64})
	client := newClient(t, server, func(c *llm.Config) { c.AzureAPIVersion, c.BaseURL = "2024-10-21", server.RootURL() })
	_, err := client.Chat().Complete(t.Context(), llm.Request{User: "hi"})
	require.NoError(t, err)
	_, err = client.Embeddings().Embed(t.Context(), []string{"hi"})
	require.NoError(t, err)
	require.Equal(t, "/openai/deployments/chat-1/chat/completions?api-version=2024-10-21", server.Requests()[0].Path)
	require.Equal(t, "/openai/deployments/embed-1/embeddings?api-version=2024-10-21", server.Requests()[1].Path)
}

func TestASchemaWithUnknownKeywordsIsAConfigurationError(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	req := draftRequest()
	req.Schema = &llm.Schema{JSON: json.RawMessage(`{"type":"object","patternProperties":{}}`), Name: "bad"}
	_, err := newClient(t, server, nil).Chat().Complete(t.Context(), req)
	requireKind(t, err, llm.ErrConfig)
	require.ErrorContains(t, err, "patternProperties")
	require.Zero(t, server.Count(llmtest.Chat))
}

func TestConfigurationIsCheckedAndNeverPrintsTheKey(t *testing.T) {
	t.Parallel()
	good := llm.Config{APIKey: secretKey, ChatModel: "m"}
	require.NoError(t, good.Validate())
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, good), secretKey)
	}
	asJSON, err := json.Marshal(good) //nolint:musttag // nobody is meant to
	require.NoError(t, err)
	require.NotContains(t, string(asJSON), secretKey)

	for name, bad := range map[string]llm.Config{
		"bad structured output":  {ChatModel: "m", StructuredOutput: "xml"},
		"credentials in the URL": {BaseURL: "https://user:" + secretKey + "@host/v1", ChatModel: "m"},
		"dimensions missing":     {EmbeddingModel: "e"},
		"key in the query":       {BaseURL: "https://host/v1?key=" + secretKey, ChatModel: "m"},
		"no models":              {},
		"not an address":         {BaseURL: "host/v1", ChatModel: "m"},
		"not parsable":           {BaseURL: "http://[" + secretKey, ChatModel: "m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := llm.NewClient(bad)
			require.Error(t, err)
			require.NotContains(t, err.Error(), secretKey)
		})
	}
}

func TestAnUnsafeModelNameFromTheServerIsNotPassedOn(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Chat, llmtest.Body(
		`{"model":"x\n<script>","choices":[{"message":{"role":"assistant","content":"ok"},"finish_reason":"eos"}]}`))
	out, err := newClient(t, server, nil).Chat().Complete(t.Context(), llm.Request{User: "hi"})
	require.NoError(t, err)
	require.Equal(t, llm.Response{FinishReason: "other", Model: "chat-1", Text: "ok"}, out)
}
