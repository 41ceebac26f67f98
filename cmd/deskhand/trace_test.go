package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestParseHeaders(t *testing.T) {
	t.Parallel()

	headers, err := parseHeaders(" x-key = a%20b%3D , y=2,")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"x-key": "a b=", "y": "2"}, headers)

	for _, list := range []string{"secret", "=secret", "x=%zzsecret", "x=secret%0d%0aY: z", "a b=secret"} {
		_, err := parseHeaders(list)
		require.ErrorContains(t, err, "--otlp-headers")
		if strings.Contains(list, "=secret") {
			require.NotContains(t, err.Error(), "secret")
		}
	}
}

func FuzzParseHeaders(f *testing.F) {
	f.Add("x-key=a%20b,y=2")
	f.Add("=,=,%")
	f.Fuzz(func(t *testing.T, list string) {
		headers, err := parseHeaders(list)
		if err != nil {
			return
		}
		for name, value := range headers {
			require.NotEmpty(t, name)
			require.False(t, strings.ContainsAny(name+value, "\r\n"))
		}
	})
}

func TestTraceSettingsThatCannotWork(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{
		{"doctor", "--otlp-endpoint=localhost:4318"},
		{"doctor", "--otlp-endpoint=http://localhost:4318", "--otlp-headers=x"},
		{"doctor", "--otlp-endpoint=http://localhost:4318", "--otel-service-name="},
	} {
		require.Contains(t, command(t, exitUsage, args...).err, "--otlp-")
	}
}

// A question is one trace, from the request over the run and its stages to the call of the model, and without its words.
func TestServeSendsTraces(t *testing.T) {
	t.Parallel()

	var mu sync.Mutex
	var received strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(&received, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Key")+"\n")
		_, _ = io.Copy(&received, r.Body)
	}))
	t.Cleanup(collector.Close)
	model := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	p := startProgram(t, []string{
		"DATABASE_URL=" + pgtest.EmptyURL(t), "OPENAI_BASE_URL=" + model.BaseURL(), "DESKHAND_CHAT_MODEL=stand-in",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=x-key=k", "OTEL_SERVICE_NAME=desk-eu",
	}, "--sample")
	p.ask(t, "whats the taker fee for spot")
	p.call(t, "WIDGET", http.MethodGet, "/v1/tickets/019a0000-0000-7000-8000-000000000001", nil, nil)
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.command.Wait())

	mu.Lock()
	defer mu.Unlock()
	for _, sign := range []string{
		"POST /v1/traces k\n", `"stringValue":"desk-eu"`, `"name":"POST /v1/answers"`, `"name":"run"`, `"name":"stage retrieve"`,
		`"name":"chat stand-in"`, `"name":"GET /v1/tickets/:id"`, `"stringValue":"forbidden"`,
	} {
		require.Contains(t, received.String(), sign)
	}
	require.NotContains(t, received.String(), "taker fee")
	require.NotContains(t, received.String(), "000000000001", "a path holds ids, a route does not")
}
