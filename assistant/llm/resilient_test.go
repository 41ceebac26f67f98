package llm_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// stubModel is a Model without a network, so that tests can run on synctest's clock.
type stubModel struct {
	answer func(ctx context.Context, call int) error
	calls  atomic.Int64
	name   string
}

func (m *stubModel) Complete(ctx context.Context, _ llm.Request) (llm.Response, error) {
	if err := m.answer(ctx, int(m.calls.Add(1))); err != nil {
		return llm.Response{}, err
	}
	return llm.Response{Model: m.Name(), Text: "ok"}, nil
}

func (m *stubModel) Name() string { return m.name }

func stub(err error) *stubModel {
	return &stubModel{answer: func(context.Context, int) error { return err }, name: "stub"}
}

// fast is a resilience configuration for tests over real HTTP.
func fast() llm.ResilienceConfig {
	return llm.ResilienceConfig{BackoffBase: time.Millisecond, BackoffMax: 2 * time.Millisecond, MaxRetries: 2}
}

func TestRetriesHappenForWhatMayPassAndExactlyAsOftenAsConfigured(t *testing.T) {
	t.Parallel()
	retried := map[string]bool{
		"429": false, // its Retry-After is tested on its own
		"500": true, "503": true, "body cut by the network": true, "connection cut": true,
	}
	for name, tt := range chatFaults {
		if name == "429" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
			server.Always(llmtest.Chat, tt.fault)
			model := llm.NewResilientModel(newClient(t, server, nil).Chat(), fast())
			_, err := model.Complete(t.Context(), draftRequest())
			requireKind(t, err, tt.kind)
			want := 1
			if retried[name] {
				want = 3
			}
			require.Equal(t, want, server.Count(llmtest.Chat))
			requireNoSecret(t, err, server)
		})
	}
}

func TestACallSucceedsOnceTheServerRecovers(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{Responder: answering(draftAnswer)})
	server.Script(llmtest.Chat, llmtest.ServerError(502), llmtest.CutConnection())
	model := llm.NewResilientModel(newClient(t, server, nil).Chat(), fast())
	out, err := model.Complete(t.Context(), draftRequest())
	require.NoError(t, err)
	require.JSONEq(t, draftAnswer, out.Text)
	require.Equal(t, 3, server.Count(llmtest.Chat))
}

func TestRetryAfterOfTheServerIsObeyed(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Chat, llmtest.RateLimited(150*time.Millisecond))
	model := llm.NewResilientModel(newClient(t, server, nil).Chat(), fast())
	began := time.Now()
	_, err := model.Complete(t.Context(), llm.Request{User: "hi"})
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond)
	require.Equal(t, 2, server.Count(llmtest.Chat))
}

func TestBackoffDoublesWithinItsBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		model := &stubModel{name: "stub", answer: func(ctx context.Context, _ int) error {
			at = append(at, time.Since(began))
			return unavailable(ctx, t)
		}}
		cfg := llm.ResilienceConfig{
			BackoffBase: time.Second, BackoffMax: 3 * time.Second, Jitter: func() float64 { return 0 }, MaxRetries: 4,
		}
		_, err := llm.NewResilientModel(model, cfg).Complete(t.Context(), llm.Request{})
		requireKind(t, err, llm.ErrUnavailable)
		ms := time.Millisecond
		require.Equal(t, []time.Duration{0, 500 * ms, 1500 * ms, 3000 * ms, 4500 * ms}, at)
	})
}

func TestARetryThatCannotStartBeforeTheDeadlineIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Always(llmtest.Chat, llmtest.RateLimited(time.Minute))
	model := llm.NewResilientModel(newClient(t, server, nil).Chat(), fast())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()

	_, err := model.Complete(ctx, llm.Request{User: "hi"})

	requireKind(t, err, llm.ErrRateLimited)
	var own *llm.Error
	require.ErrorAs(t, err, &own)
	require.Equal(t, time.Minute, own.RetryAfter)
	require.Less(t, time.Since(began), 25*time.Second)
	require.Equal(t, 1, server.Count(llmtest.Chat))
}

func TestAHangEndsAtTheCallersDeadline(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Always(llmtest.Chat, llmtest.Hang())
	model := llm.NewResilientModel(newClient(t, server, nil).Chat(), llm.ResilienceConfig{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := model.Complete(ctx, llm.Request{User: "hi"})
	requireKind(t, err, llm.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), 9*time.Second)
}

func TestAnAttemptThatHangsIsEndedAndRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		model := &stubModel{name: "stub", answer: func(ctx context.Context, call int) error {
			if call == 1 {
				<-ctx.Done()
				return unavailable(ctx, t)
			}
			return nil
		}}
		began := time.Now()
		resilient := llm.NewResilientModel(model, llm.ResilienceConfig{Jitter: func() float64 { return 0 }})
		out, err := resilient.Complete(t.Context(), llm.Request{})
		require.NoError(t, err)
		require.Equal(t, "ok", out.Text)
		require.Equal(t, 12*time.Second+125*time.Millisecond, time.Since(began))
	})
}

func TestTheBreakerOpensAfterFailuresProbesAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		healthy := false
		model := &stubModel{name: "stub", answer: func(ctx context.Context, _ int) error {
			if healthy {
				return nil
			}
			return unavailable(ctx, t)
		}}
		var states []string
		resilient := llm.NewResilientModel(model, llm.ResilienceConfig{
			BreakerDelay: 15 * time.Second, BreakerMinCalls: 4, BreakerProbes: 2, MaxRetries: -1,
			OnBreakerChange: func(name, state string) { states = append(states, name+" "+state) },
		})
		call := func() error {
			_, err := resilient.Complete(t.Context(), llm.Request{})
			return err
		}
		for range 4 {
			requireKind(t, call(), llm.ErrUnavailable)
		}
		err := call()
		requireKind(t, err, llm.ErrUnavailable)
		require.ErrorContains(t, err, "circuit breaker open")
		require.EqualValues(t, 4, model.calls.Load(), "an open breaker calls nobody")

		time.Sleep(15 * time.Second)
		requireKind(t, call(), llm.ErrUnavailable)
		require.ErrorContains(t, call(), "circuit breaker open", "the probe failed: open again")
		require.EqualValues(t, 5, model.calls.Load())

		time.Sleep(15 * time.Second)
		healthy = true
		for range 5 {
			require.NoError(t, call())
		}
		require.Equal(t, []string{
			"stub open", "stub half-open", "stub open", "stub half-open", "stub closed",
		}, states)
	})
}

func TestRefusalsAndMalformedAnswersLeaveTheBreakerClosed(t *testing.T) {
	t.Parallel()
	for _, kind := range []error{llm.ErrRefused, llm.ErrMalformed, llm.ErrRejected, llm.ErrConfig} {
		model := stub(&llm.Error{Kind: kind})
		resilient := llm.NewResilientModel(model, llm.ResilienceConfig{BreakerMinCalls: 2})
		for range 20 {
			_, err := resilient.Complete(t.Context(), llm.Request{})
			requireKind(t, err, kind)
		}
		require.EqualValues(t, 20, model.calls.Load())
	}
}

func TestTheQueueIsBoundedInSizeAndInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		model := &stubModel{name: "stub", answer: func(context.Context, int) error { <-release; return nil }}
		queue := llm.NewQueue(llm.QueueConfig{MaxConcurrent: 2, MaxWait: 3 * time.Second, MaxWaiting: 1})
		cfg := llm.ResilienceConfig{AttemptTimeout: time.Hour, Queue: queue}
		// Two endpoints of one provider share its queue.
		endpoints := []*llm.ResilientModel{llm.NewResilientModel(model, cfg), llm.NewResilientModel(model, cfg)}
		ask := func(i int) <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := endpoints[i%2].Complete(t.Context(), llm.Request{})
				done <- err
			}()
			synctest.Wait()
			return done
		}
		began := time.Now()
		running := []<-chan error{ask(0), ask(1)}
		waiting := ask(2)

		err := <-ask(3)
		requireKind(t, err, llm.ErrUnavailable)
		require.ErrorContains(t, err, "too many calls waiting")
		require.Zero(t, time.Since(began), "the queue is full: turned away at once")

		err = <-waiting
		requireKind(t, err, llm.ErrUnavailable)
		require.ErrorContains(t, err, "waited too long")
		require.Equal(t, 3*time.Second, time.Since(began))

		waiting = ask(4)
		require.EqualValues(t, 2, model.calls.Load())
		close(release)
		for _, done := range append(running, waiting) {
			require.NoError(t, <-done)
		}
		require.EqualValues(t, 3, model.calls.Load(), "who waited gets the turn of who is done")
	})
}

func TestACallLeavesItsCallerTimeToDoWithoutIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := &stubModel{name: "stub", answer: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return &llm.Error{Cause: ctx.Err(), Kind: llm.ErrUnavailable}
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		_, err := llm.NewResilientModel(hangs, llm.ResilienceConfig{DeadlineShare: 0.75}).Complete(ctx, llm.Request{})
		requireKind(t, err, llm.ErrUnavailable)
		require.LessOrEqual(t, time.Since(began), 15*time.Second)
		require.NoError(t, ctx.Err())
	})
}

func TestEmbedderSendsBatchesInOrderAndRetriesOnlyTheOneThatFailed(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Embeddings, llmtest.ServerError(500))
	client := newClient(t, server, nil)
	cfg := fast()
	cfg.BatchSize, cfg.BatchesInFlight = 3, 2
	texts := make([]string, 10)
	for i := range texts {
		texts[i] = strings.Repeat(fmt.Sprintf("word%d ", i), 3)
	}
	embedder := llm.NewResilientEmbedder(client.Embeddings(), cfg)

	vectors, err := embedder.Embed(t.Context(), texts)

	require.NoError(t, err)
	require.Equal(t, 5, server.Count(llmtest.Embeddings), "4 batches and 1 retry")
	require.Len(t, vectors, len(texts))
	for i, text := range texts {
		require.Equal(t, llmtest.Embed(text, 64), vectors[i])
	}
	require.Equal(t, 64, embedder.Dimensions())
	require.Equal(t, "embed-1", embedder.Name())
}

func TestEmbedderFailsAsAWholeWhenABatchFails(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Always(llmtest.Embeddings, llmtest.Status(401))
	cfg := fast()
	cfg.BatchSize = 1
	vectors, err := llm.NewResilientEmbedder(newClient(t, server, nil).Embeddings(), cfg).Embed(t.Context(), sampleTexts)
	require.ErrorIs(t, err, llm.ErrConfig)
	require.Nil(t, vectors)
}

func TestEmbedderNeverReturnsHalfAListWhenTheCallerGivesUpBetweenBatches(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	embedder := llm.NewResilientEmbedder(cancellingEmbedder{cancel}, llm.ResilienceConfig{BatchSize: 1, BatchesInFlight: 1})
	vectors, err := embedder.Embed(ctx, sampleTexts)
	requireKind(t, err, context.Canceled)
	require.Nil(t, vectors)
}

// cancellingEmbedder answers, and its caller gives up at that very moment.
type cancellingEmbedder struct{ cancel context.CancelFunc }

func (cancellingEmbedder) Dimensions() int { return 1 }

func (e cancellingEmbedder) Embed(_ context.Context, texts []string) ([][]float32, error) {
	e.cancel()
	return make([][]float32, len(texts)), nil
}

func (cancellingEmbedder) Name() string { return "stub" }

// unavailable is a retryable error as the client makes it; only the client can mark one, so it is taken from there.
func unavailable(ctx context.Context, t *testing.T) error {
	t.Helper()
	client, err := llm.NewClient(llm.Config{ChatModel: "stub", HTTPClient: failingHTTP()})
	require.NoError(t, err)
	_, err = client.Chat().Complete(context.WithoutCancel(ctx), llm.Request{User: "hi"})
	require.ErrorIs(t, err, llm.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	return err
}
