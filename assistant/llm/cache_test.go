package llm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
)

func TestAnEqualRequestIsAnsweredWithoutACall(t *testing.T) {
	t.Parallel()
	model := stub(nil)
	cached, err := llm.NewCachedModel(model, 10)
	require.NoError(t, err)
	first, err := cached.Complete(t.Context(), draftRequest())
	require.NoError(t, err)
	require.False(t, first.Cached)
	again := draftRequest()
	again.Conversation = "another customer"
	second, err := cached.Complete(t.Context(), again)
	require.NoError(t, err)
	require.True(t, second.Cached)
	require.Equal(t, first.Text, second.Text)
	require.Zero(t, second.Usage)
	require.EqualValues(t, 1, model.calls.Load())
}

func TestWhateverReachesTheModelMakesAnotherRequest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*llm.Request){
		"source or question": func(r *llm.Request) { r.User += "." },
		"prompt":             func(r *llm.Request) { r.System += "." },
		"schema":             func(r *llm.Request) { r.Schema = nil },
		"bound":              func(r *llm.Request) { r.MaxTokens++ },
		"moved text":         func(r *llm.Request) { r.System, r.User = r.System+r.User[:1], r.User[1:] },
		"chance":             func(r *llm.Request) { r.Temperature = 0.5 },
	} {
		model := stub(nil)
		cached, err := llm.NewCachedModel(model, 10)
		require.NoError(t, err)
		changed := draftRequest()
		change(&changed)
		for _, req := range []llm.Request{draftRequest(), changed} {
			_, err := cached.Complete(t.Context(), req)
			require.NoError(t, err)
		}
		require.EqualValues(t, 2, model.calls.Load(), name)
	}
}

func TestFailuresAreNotCached(t *testing.T) {
	t.Parallel()
	model := stub(&llm.Error{Kind: llm.ErrMalformed})
	cached, err := llm.NewCachedModel(model, 10)
	require.NoError(t, err)
	for range 2 {
		_, err = cached.Complete(t.Context(), draftRequest())
		requireKind(t, err, llm.ErrMalformed)
	}
	require.EqualValues(t, 2, model.calls.Load())
	_, err = llm.NewCachedModel(model, 0)
	require.Error(t, err)
}
