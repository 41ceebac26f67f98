package llmtest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// post sends a body as it is and returns status and answer; the connection is not kept.
func post(t *testing.T, url, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer sk-very-secret")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

const chatRequest = `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"提币 <b>"}]}]`

func TestChatAnswersWithTheProtocolsFields(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.SetResponder(func(req llmtest.ChatRequest) llmtest.ChatReply {
		return llmtest.ChatReply{Content: req.System() + "|" + req.User(), CompletionTokens: 3, PromptTokens: 4}
	})
	status, answer, err := post(t, server.BaseURL()+"/chat/completions", chatRequest+"}")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"id":"chatcmpl-llmtest","object":"chat.completion","created":0,"model":"m",
		"choices":[{"index":0,"message":{"role":"assistant","content":"s|提币 <b>","refusal":null},"finish_reason":"stop"}],
		"usage":{"prompt_tokens":4,"completion_tokens":3,"total_tokens":7}}`, answer)
}

func TestStreamSendsPiecesTheFinishReasonUsageAndTheEnd(t *testing.T) {
	t.Parallel()
	const text = "一段比十二个字符更长的回答,需要分成几块。"
	server := llmtest.New(t)
	server.SetResponder(func(llmtest.ChatRequest) llmtest.ChatReply { return llmtest.ChatReply{Content: text} })
	for _, withUsage := range []string{"true", "false"} {
		_, answer, err := post(t, server.BaseURL()+"/chat/completions",
			chatRequest+`,"stream":true,"stream_options":{"include_usage":`+withUsage+`}}`)
		require.NoError(t, err)
		events := strings.Split(strings.TrimSuffix(answer, "\n\n"), "\n\n")
		require.Equal(t, "data: [DONE]", events[len(events)-1])
		var got strings.Builder
		var finish strings.Builder
		usage := 0
		for _, event := range events[:len(events)-1] {
			var chunk struct {
				Choices []struct {
					Delta struct {
						Content string `json:"content"`
					} `json:"delta"`
					Finish string `json:"finish_reason"`
				} `json:"choices"`
				Usage *struct{} `json:"usage"`
			}
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(event, "data: ")), &chunk))
			for _, choice := range chunk.Choices {
				got.WriteString(choice.Delta.Content)
				finish.WriteString(choice.Finish)
			}
			if chunk.Usage != nil {
				usage++
			}
		}
		require.Equal(t, text, got.String())
		require.Equal(t, "stop", finish.String())
		require.Equal(t, withUsage == "true", usage == 1)
	}
}

func TestACutStreamEndsWithANetworkErrorAndNoEndMark(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Chat, llmtest.CutBody())
	_, answer, err := post(t, server.BaseURL()+"/chat/completions", chatRequest+`,"stream":true}`)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotContains(t, answer, "[DONE]")
	require.Contains(t, answer, "chat.completion.chunk")
}

func TestMinimalAnswerSatisfiesTheSchema(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	for format, want := range map[string]string{
		`{"type":"json_object"}`: "{}",
		`{"type":"text"}`:        "ok",
		`{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","required":["a","b","c","d","e","f","g","h"],
			"properties":{"a":{"type":"string"},"b":{"type":"array","items":{"type":"string"}},"c":{"type":"boolean"},"d":{"type":"integer"},
			"e":{"enum":["x","y"]},"f":{"$ref":"#/$defs/p"},"g":{"type":["null","string"]},"h":{"anyOf":[{"const":5}]},"optional":{"type":"string"}},
			"$defs":{"p":{"type":"array","minItems":1,"items":{"type":"number","minimum":2}}}}}}`: `{"a":"","b":[],"c":false,"d":0,"e":"x","f":[2],"g":null,"h":5}`,
	} {
		_, answer, err := post(t, server.BaseURL()+"/chat/completions", chatRequest+`,"response_format":`+format+"}")
		require.NoError(t, err)
		var got struct {
			Choices []struct {
				Message struct {
					Content string `json:"content"`
				} `json:"message"`
			} `json:"choices"`
		}
		require.NoError(t, json.Unmarshal([]byte(answer), &got))
		require.Equal(t, want, got.Choices[0].Message.Content)
	}
}

func TestEmbeddingsOfTheSameTextsAreEqualInBothForms(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	var floats struct {
		Data []struct {
			Embedding []float32 `json:"embedding"`
			Index     int       `json:"index"`
		} `json:"data"`
	}
	_, answer, err := post(t, server.BaseURL()+"/embeddings", `{"model":"e","input":["one","two"],"dimensions":8}`)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(answer), &floats))
	var encoded struct {
		Data []struct {
			Embedding string `json:"embedding"`
		} `json:"data"`
	}
	_, answer, err = post(t, server.BaseURL()+"/embeddings", `{"model":"e","input":["one","two"],"dimensions":8,"encoding_format":"base64"}`)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(answer), &encoded))
	require.Len(t, encoded.Data, 2)
	for i, entry := range encoded.Data {
		raw, err := base64.StdEncoding.DecodeString(entry.Embedding)
		require.NoError(t, err)
		vector := make([]float32, 8)
		require.NoError(t, binary.Read(bytes.NewReader(raw), binary.LittleEndian, vector))
		require.Equal(t, i, floats.Data[i].Index)
		require.Equal(t, floats.Data[i].Embedding, vector)
	}
}

func TestTextsThatShareWordsAreNearEachOther(t *testing.T) {
	t.Parallel()
	cosine := func(a, b string) float64 {
		var dot, norm float64
		x, y := llmtest.Embed(a, 256), llmtest.Embed(b, 256)
		for i := range x {
			dot += float64(x[i]) * float64(y[i])
			norm += float64(x[i]) * float64(x[i])
		}
		require.InDelta(t, 1, norm, 1e-5)
		return dot
	}
	for _, tt := range []struct{ text, near, far string }{
		{"how long does a withdrawal take", "withdrawals: how long they take", "reset your password"},
		{"提币多久到账", "提币一直没到账怎么办", "如何修改登录密码"},
		{"متى يصل السحب", "لم يصل السحب بعد", "تغيير كلمة المرور"},
	} {
		require.Greater(t, cosine(tt.text, tt.near), cosine(tt.text, tt.far)+0.2, tt.text)
	}
	require.False(t, math.IsNaN(cosine("?!", "…")))
}

func TestRequestsAreRecordedWithoutTheKey(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{KeepRequests: 2})
	for range 3 {
		_, _, err := post(t, server.BaseURL()+"/chat/completions", chatRequest+`,"x":"\u003cescaped\u003e"}`)
		require.NoError(t, err)
	}
	require.Equal(t, 3, server.Count(llmtest.Chat))
	require.Len(t, server.Requests(), 2)
	require.True(t, server.Saw("提币 <b>"))
	require.True(t, server.Saw("<escaped>"))
	require.False(t, server.Saw("sk-very-secret"))
}

func TestKeyModelAndAddressAreChecked(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{APIKey: "another"})
	status, answer, err := post(t, server.BaseURL()+"/chat/completions", chatRequest+"}")
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, answer, "invalid_api_key")

	server = llmtest.NewWith(t, llmtest.Options{Models: []string{"other"}})
	for path, want := range map[string]int{"/chat/completions": 404, "/nothing": 404} {
		status, _, err := post(t, server.BaseURL()+path, chatRequest+"}")
		require.NoError(t, err)
		require.Equal(t, want, status)
	}
	for path, body := range map[string]string{
		"/chat/completions": `{"model":"other"}`, "/embeddings": `{"model":"other","input":[""]}`,
	} {
		status, _, err := post(t, server.BaseURL()+path, body)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, status)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.BaseURL()+"/models", nil)
	require.NoError(t, err)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	list, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"object":"list","data":[{"id":"other","object":"model","created":0,"owned_by":"llmtest"}]}`, string(list))
}

func TestScriptRunsInOrderThenAlwaysThenHeals(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Chat, llmtest.ServerError(500), llmtest.Fault{}, llmtest.RateLimited(1500*time.Millisecond))
	server.Always(llmtest.Chat, llmtest.Status(418))
	var got []int
	for i := range 6 {
		if i == 5 {
			server.Heal(llmtest.Chat)
		}
		status, _, err := post(t, server.BaseURL()+"/chat/completions", chatRequest+"}")
		require.NoError(t, err)
		got = append(got, status)
	}
	require.Equal(t, []int{500, 200, 429, 418, 418, 200}, got)
}

func TestCloseEndsHangingAnswers(t *testing.T) {
	t.Parallel()
	server, err := llmtest.NewServer(llmtest.Options{})
	require.NoError(t, err)
	server.Script(llmtest.Chat, llmtest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.BaseURL()+"/chat/completions", strings.NewReader(chatRequest+"}"))
		if err == nil {
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(req); err == nil {
				err = errors.Join(errors.New("answered"), resp.Body.Close())
			}
		}
		failed <- err
	}()
	require.NoError(t, server.WaitFor(ctx, llmtest.Chat, 1))
	server.Close()
	server.Close()
	err = <-failed
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "ended by the server, not by the deadline")
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, llmtest.New(t).WaitFor(ctx, llmtest.Models, 1), context.Canceled)
}
