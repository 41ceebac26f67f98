package llm_test

import (
	"context"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// failingHTTP is a client without a network.
func failingHTTP() *http.Client {
	return &http.Client{Transport: roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })}
}

func TestFallbackAsksTheNextModelOnlyWhenThePromptIsNotToBlame(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind error
		next bool
	}{
		"config":       {llm.ErrConfig, true},
		"malformed":    {llm.ErrMalformed, false},
		"rate limited": {llm.ErrRateLimited, true},
		"refused":      {llm.ErrRefused, false},
		"rejected":     {llm.ErrRejected, false},
		"unavailable":  {llm.ErrUnavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, third := stub(&llm.Error{Kind: tt.kind}), stub(nil), stub(nil)
			second.name = "second"
			fallback, err := llm.NewFallback(first, second, third)
			require.NoError(t, err)

			out, err := fallback.Complete(t.Context(), llm.Request{})

			require.EqualValues(t, 1, first.calls.Load())
			require.Zero(t, third.calls.Load())
			if tt.next {
				require.NoError(t, err)
				require.Equal(t, "second", out.Model)
				return
			}
			requireKind(t, err, tt.kind)
			require.Zero(t, second.calls.Load())
		})
	}
}

func TestFallbackJoinsTheErrorsOfAllModels(t *testing.T) {
	t.Parallel()
	fallback, err := llm.NewFallback(stub(&llm.Error{Kind: llm.ErrUnavailable}), stub(&llm.Error{Kind: llm.ErrRateLimited}))
	require.NoError(t, err)
	require.Equal(t, "stub,stub", fallback.Name())
	_, err = fallback.Complete(t.Context(), llm.Request{})
	require.ErrorIs(t, err, llm.ErrUnavailable)
	require.ErrorIs(t, err, llm.ErrRateLimited)
}

func TestFallbackNeedsAModel(t *testing.T) {
	t.Parallel()
	_, err := llm.NewFallback()
	require.Error(t, err)
}

func TestAModelThatHangsLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := &stubModel{name: "hangs", answer: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return &llm.Error{Cause: ctx.Err(), Kind: llm.ErrUnavailable}
		}}
		fallback, err := llm.NewFallback(hangs, stub(nil))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		out, err := fallback.Complete(ctx, llm.Request{})
		require.NoError(t, err)
		require.Equal(t, "stub", out.Model)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestFallbackStopsWhenTheCallerIsGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	first := &stubModel{name: "first", answer: func(context.Context, int) error {
		cancel()
		return &llm.Error{Kind: llm.ErrUnavailable}
	}}
	second := stub(nil)
	fallback, err := llm.NewFallback(first, second)
	require.NoError(t, err)
	_, err = fallback.Complete(ctx, llm.Request{})
	require.Error(t, err)
	require.Zero(t, second.calls.Load())
}

func TestAWholeStackAnswersFromTheSecondProviderWhenTheFirstIsDown(t *testing.T) {
	t.Parallel()
	down, up := llmtest.New(t), llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
	down.Always(llmtest.Chat, llmtest.ServerError(503))
	var calls []llm.Call
	provider := func(server *llmtest.Server, name string) llm.Model {
		client := newClient(t, server, func(c *llm.Config) { c.ChatModel = name })
		return llm.NewMeteredModel(llm.NewResilientModel(client.Chat(), fast()), llm.MeterConfig{
			Now: time.Now, Observe: func(c llm.Call) { calls = append(calls, c) }, Price: llm.Price{Completion: 2, Prompt: 1},
		})
	}
	fallback, err := llm.NewFallback(provider(down, "first"), provider(up, "second"))
	require.NoError(t, err)
	ctx, tally := llm.WithTally(t.Context())

	out, err := fallback.Complete(ctx, draftRequest())

	require.NoError(t, err)
	require.JSONEq(t, draftAnswer, out.Text)
	require.Equal(t, 3, down.Count(llmtest.Chat))
	require.Equal(t, 1, up.Count(llmtest.Chat))
	require.Equal(t, 2, tally.Count(llm.CallChat))
	require.Equal(t, out.Usage, tally.Usage())
	require.Equal(t, calls, tally.Calls())
	require.Equal(t, []string{"first unavailable draft", "second ok draft"}, []string{
		calls[0].Model + " " + calls[0].Outcome + " " + calls[0].Purpose, calls[1].Model + " " + calls[1].Outcome + " " + calls[1].Purpose,
	})
	require.InDelta(t, float64(out.Usage.PromptTokens+2*out.Usage.CompletionTokens)/1e6, tally.Cost(), 1e-12)
}
