package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// open sends a request and returns its answer as soon as it begins.
func (p *program) open(ctx context.Context, t *testing.T, role, method, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, p.base+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+p.keys[role])
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	return response
}

// TestStopFinishesWhatHasBegun: the program ends with exit code 0 only when it drained within its 25 seconds.
func TestStopFinishesWhatHasBegun(t *testing.T) {
	t.Parallel()

	model := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	model.Always(llmtest.Chat, llmtest.Slow(2*time.Second))
	p := startProgram(t, []string{
		"DATABASE_URL=" + pgtest.EmptyURL(t), "OPENAI_BASE_URL=" + model.BaseURL(), "DESKHAND_CHAT_MODEL=stand-in",
	}, "--sample")
	console := p.open(t.Context(), t, "AGENT", http.MethodGet, "/v1/events", "")
	defer console.Body.Close()
	stream := p.open(t.Context(), t, "WIDGET", http.MethodPost, "/v1/answers", `{"message":{"body":"whats the taker fee for spot"}}`)
	defer stream.Body.Close()
	var plain reply
	var asking sync.WaitGroup
	asking.Go(func() {
		status := p.call(t, "WIDGET", http.MethodPost, "/v1/answers", map[string]any{"message": map[string]any{"body": "现货手续费多少啊"}}, &plain)
		if status != http.StatusOK {
			plain.Outcome = http.StatusText(status)
		}
	})
	require.Eventually(t, func() bool { return model.Count(llmtest.Chat) == 2 }, answerWait, 5*time.Millisecond, "both wait for the model")

	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	events, err := io.ReadAll(stream.Body)
	require.NoError(t, err)
	require.Contains(t, string(events), "event: accepted")
	require.Contains(t, string(events), "event: answer")
	asking.Wait()
	require.Equal(t, "answered", plain.Outcome)
	farewell := false
	for lines := bufio.NewScanner(console.Body); lines.Scan(); {
		farewell = farewell || lines.Text() == "event: dropped"
	}
	require.True(t, farewell, "a console is told to connect again")
	require.NoError(t, p.command.Wait())
}
