package llm_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

func TestMeterCountsTokensOfAnswersThatCouldNotBeUsed(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.SetResponder(func(llmtest.ChatRequest) llmtest.ChatReply {
		return llmtest.ChatReply{CompletionTokens: 1_000_000, Content: "not JSON", PromptTokens: 2_000_000}
	})
	model := llm.NewMeteredModel(newClient(t, server, nil).Chat(), llm.MeterConfig{
		Now: time.Now, Price: llm.Price{Completion: 0.6, Prompt: 0.15},
	})
	ctx, tally := llm.WithTally(t.Context())
	_, err := model.Complete(ctx, draftRequest())
	requireKind(t, err, llm.ErrMalformed)
	require.Equal(t, llm.Usage{CompletionTokens: 1_000_000, PromptTokens: 2_000_000}, tally.Usage())
	require.InDelta(t, 0.9, tally.Cost(), 1e-9)
	require.Equal(t, "malformed", tally.Calls()[0].Outcome)
}

func TestMeterMeasuresEmbeddingsOverAllBatches(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	cfg := fast()
	cfg.BatchSize = 1
	now := time.Unix(0, 0)
	clock := func() time.Time { now = now.Add(time.Second); return now }
	var seen []llm.Call
	embedder := llm.NewMeteredEmbedder(llm.NewResilientEmbedder(newClient(t, server, nil).Embeddings(), cfg), llm.MeterConfig{
		Now: clock, Observe: func(c llm.Call) { seen = append(seen, c) }, Price: llm.Price{Prompt: 1e6}, Purpose: "import",
	})

	_, err := embedder.Embed(t.Context(), []string{"abcd", "abcdefgh", "x"})

	require.NoError(t, err)
	require.Equal(t, []llm.Call{{
		Cost: 4, Duration: time.Second, Kind: llm.CallEmbeddings, Model: "embed-1", Outcome: "ok", Purpose: "import",
		Usage: llm.Usage{PromptTokens: 4},
	}}, seen)
	require.Equal(t, 64, embedder.Dimensions())
	require.Equal(t, "embed-1", embedder.Name())
}

func TestMeterNamesEveryOutcome(t *testing.T) {
	t.Parallel()
	for want, kind := range map[string]error{
		"canceled": context.Canceled, "config": llm.ErrConfig, "malformed": llm.ErrMalformed,
		"rate_limited": llm.ErrRateLimited, "refused": llm.ErrRefused, "rejected": llm.ErrRejected,
		"unavailable": llm.ErrUnavailable,
	} {
		ctx, tally := llm.WithTally(t.Context())
		model := llm.NewMeteredModel(stub(&llm.Error{Kind: kind}), llm.MeterConfig{Now: time.Now})
		_, err := model.Complete(ctx, llm.Request{Purpose: "judge"})
		require.ErrorIs(t, err, kind)
		require.Equal(t, want, tally.Calls()[0].Outcome)
		require.Zero(t, tally.Count(llm.CallEmbeddings))
	}
}
