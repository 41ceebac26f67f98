package llm_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// chatFaults are answered with one call each: the client itself never retries.
var chatFaults = map[string]struct {
	fault  llmtest.Fault
	kind   error
	status int
}{
	"400":                     {llmtest.Status(400), llm.ErrRejected, 400},
	"401":                     {llmtest.Status(401), llm.ErrConfig, 401},
	"403":                     {llmtest.Status(403), llm.ErrConfig, 403},
	"404":                     {llmtest.Status(404), llm.ErrConfig, 404},
	"413":                     {llmtest.Status(413), llm.ErrRejected, 413},
	"429":                     {llmtest.RateLimited(time.Second), llm.ErrRateLimited, 429},
	"429 quota":               {llmtest.APIError(429, "insufficient_quota", "", hostile), llm.ErrConfig, 429},
	"500":                     {llmtest.ServerError(500), llm.ErrUnavailable, 500},
	"503":                     {llmtest.ServerError(503), llm.ErrUnavailable, 503},
	"Azure filter on prompt":  {llmtest.APIError(400, "content_filter", "prompt", hostile), llm.ErrRefused, 400},
	"answer too large":        {llmtest.Body(`{"id":"` + strings.Repeat("x", 5<<20) + `"}`), llm.ErrMalformed, 0},
	"body is HTML":            {llmtest.Body("<html>" + hostile + "</html>"), llm.ErrMalformed, 0},
	"body is empty":           {llmtest.Body(""), llm.ErrMalformed, 0},
	"body cut by the network": {llmtest.CutBody(), llm.ErrUnavailable, 0},
	"body ends early":         {llmtest.MalformedBody(), llm.ErrMalformed, 0},
	"connection cut":          {llmtest.CutConnection(), llm.ErrUnavailable, 0},
	"content filter":          {llmtest.ContentFilter(), llm.ErrRefused, 0},
	"error object with status 200": {
		llmtest.Body(`{"error":{"message":"` + hostile + `","code":502}}`), llm.ErrMalformed, 0,
	},
	"hostile prose":    {llmtest.Content(hostile), llm.ErrMalformed, 0},
	"malformed JSON":   {llmtest.MalformedContent(), llm.ErrMalformed, 0},
	"no choices":       {llmtest.EmptyChoices(), llm.ErrMalformed, 0},
	"redirect":         {llmtest.Redirect("http://127.0.0.1:1/steal"), llm.ErrConfig, 307},
	"refusal":          {llmtest.Refusal(), llm.ErrRefused, 0},
	"schema violation": {llmtest.SchemaViolation(), llm.ErrMalformed, 0},
	"truncated":        {llmtest.Truncated(), llm.ErrMalformed, 0},
	"white space only": {llmtest.Content(" \n"), llm.ErrMalformed, 0},
	"wrong value in the schema": {
		llmtest.Content(`{"answerable":true,"language":"` + hostile + `","sentences":[]}`), llm.ErrMalformed, 0,
	},
}

func TestEachChatFaultIsOneTypedErrorThatTellsNoSecret(t *testing.T) {
	t.Parallel()
	for name, tt := range chatFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
			server.Script(llmtest.Chat, tt.fault)

			out, err := newClient(t, server, nil).Chat().Complete(t.Context(), draftRequest())

			require.Empty(t, out)
			requireKind(t, err, tt.kind)
			var own *llm.Error
			require.ErrorAs(t, err, &own)
			require.Equal(t, tt.status, own.Status)
			require.Equal(t, "chat-1", own.Model)
			require.Equal(t, 1, server.Count(llmtest.Chat))
			requireNoSecret(t, err, server)
		})
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	client := newClient(t, server, nil)
	server.Close()
	_, err := client.Chat().Complete(t.Context(), draftRequest())
	requireKind(t, err, llm.ErrUnavailable)
	require.ErrorContains(t, err, "connection refused")
	requireNoSecret(t, err, server)
}

func TestDeadlineIsHonouredAgainstAServerThatHangsOrDrips(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]llmtest.Fault{
		"drips": llmtest.SlowDrip(20 * time.Millisecond), "hangs": llmtest.Hang(), "slow": llmtest.Slow(time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.New(t)
			server.Script(llmtest.Chat, fault)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			began := time.Now()

			_, err := newClient(t, server, nil).Chat().Complete(ctx, draftRequest())

			requireKind(t, err, llm.ErrUnavailable)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Less(t, time.Since(began), 30*time.Second)
		})
	}
}

func TestACallerThatGivesUpGetsCanceledAndNotUnavailable(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Chat, llmtest.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		_ = server.WaitFor(ctx, llmtest.Chat, 1)
	}()
	_, err := newClient(t, server, nil).Chat().Complete(ctx, draftRequest())
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, llm.ErrUnavailable)
}

func TestTheErrorCarriesTheServersRetryAfter(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Chat, llmtest.RateLimited(1500*time.Millisecond), llmtest.RateLimited(0))
	chat := newClient(t, server, nil).Chat()
	for _, want := range []time.Duration{1500 * time.Millisecond, 0} {
		_, err := chat.Complete(t.Context(), draftRequest())
		var own *llm.Error
		require.ErrorAs(t, err, &own)
		require.Equal(t, want, own.RetryAfter)
	}
}

// kinds are all kinds an error can have; an error has exactly one.
var kinds = []error{
	llm.ErrConfig, llm.ErrMalformed, llm.ErrRateLimited, llm.ErrRefused, llm.ErrRejected, llm.ErrUnavailable, context.Canceled,
}

func requireKind(t *testing.T, err, want error) {
	t.Helper()
	require.Error(t, err)
	for _, kind := range kinds {
		require.Equal(t, errors.Is(kind, want), errors.Is(err, kind), "%v is %v", err, kind)
	}
}

func requireNoSecret(t *testing.T, err error, server *llmtest.Server) {
	t.Helper()
	host := strings.TrimPrefix(server.RootURL(), "http://")
	for _, secret := range []string{secretKey, secretPrompt, hostile, "scripted", host, "llmtest_unexpected", http.StatusText(http.StatusInternalServerError)} {
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, fmt.Sprintf("%+v", err), secret)
	}
}
