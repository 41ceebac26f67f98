package llm_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

var sampleTexts = []string{"withdrawal pending", "提币没到账", "لم يصل السحب"}

func TestEmbeddingsAreEqualAsBase64AndAsFloats(t *testing.T) {
	t.Parallel()
	base64Server := llmtest.New(t)
	asBase64, err := newClient(t, base64Server, nil).Embeddings().Embed(t.Context(), sampleTexts)
	require.NoError(t, err)
	require.Equal(t, 1, base64Server.Count(llmtest.Embeddings))
	require.True(t, base64Server.Saw("base64"))

	for name, opts := range map[string]llmtest.Options{
		"answers floats to base64": {FloatsOnly: true},
		"refuses base64":           {Unsupported: []string{"base64"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.NewWith(t, opts)
			embedder := newClient(t, server, nil).Embeddings()
			asFloats, err := embedder.Embed(t.Context(), sampleTexts)
			require.NoError(t, err)
			require.Equal(t, asBase64, asFloats)
			require.Equal(t, 2, server.Count(llmtest.Embeddings), "asked twice only the first time")

			_, err = embedder.Embed(t.Context(), sampleTexts)
			require.NoError(t, err)
			require.Equal(t, 3, server.Count(llmtest.Embeddings))
		})
	}
}

func TestEmbeddingsWorkWithAServerOfFixedDimensions(t *testing.T) {
	t.Parallel()
	server := llmtest.NewWith(t, llmtest.Options{Dimensions: 64, Unsupported: []string{"dimensions"}})
	vectors, err := newClient(t, server, nil).Embeddings().Embed(t.Context(), sampleTexts)
	require.NoError(t, err)
	require.Len(t, vectors, 3)
	require.Len(t, vectors[0], 64)
	require.Equal(t, 2, server.Count(llmtest.Embeddings))
}

func TestEmbeddingsFollowTheIndexAndNotTheOrderOfTheAnswer(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	server.Script(llmtest.Embeddings, llmtest.Fault{}, llmtest.Reversed())
	embedder := newClient(t, server, nil).Embeddings()
	straight, err := embedder.Embed(t.Context(), sampleTexts)
	require.NoError(t, err)
	reversed, err := embedder.Embed(t.Context(), sampleTexts)
	require.NoError(t, err)
	require.Equal(t, straight, reversed)
	require.NotEqual(t, straight[0], straight[2])
}

func TestEachEmbeddingsFaultIsOneTypedError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault llmtest.Fault
		kind  error
	}{
		"401":             {llmtest.Status(401), llm.ErrConfig},
		"429":             {llmtest.RateLimited(time.Second), llm.ErrRateLimited},
		"500":             {llmtest.ServerError(500), llm.ErrUnavailable},
		"bad base64":      {llmtest.Body(`{"data":[{"index":0,"embedding":"%%%"},{"index":1},{"index":2}]}`), llm.ErrMalformed},
		"cut body":        {llmtest.CutBody(), llm.ErrUnavailable},
		"fewer vectors":   {llmtest.FewerVectors(), llm.ErrMalformed},
		"malformed body":  {llmtest.MalformedBody(), llm.ErrMalformed},
		"negative index":  {llmtest.Body(`{"data":[{"index":-1,"embedding":""},{"index":1},{"index":2}]}`), llm.ErrMalformed},
		"not finite":      {llmtest.NotFinite(), llm.ErrMalformed},
		"same index":      {llmtest.SameIndex(), llm.ErrMalformed},
		"vector of zeros": {llmtest.ZeroVector(), llm.ErrMalformed},
		"wrong size":      {llmtest.WrongSize(), llm.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := llmtest.New(t)
			server.Script(llmtest.Embeddings, tt.fault)
			vectors, err := newClient(t, server, nil).Embeddings().Embed(t.Context(), sampleTexts)
			require.Nil(t, vectors)
			requireKind(t, err, tt.kind)
			requireNoSecret(t, err, server)
			require.Equal(t, 1, server.Count(llmtest.Embeddings))
		})
	}
}

func TestEmbeddingNothingCallsNobody(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	embedder := newClient(t, server, nil).Embeddings()
	vectors, err := embedder.Embed(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, vectors)
	_, err = embedder.Embed(t.Context(), []string{"a", ""})
	requireKind(t, err, llm.ErrRejected)
	require.Zero(t, server.Count(llmtest.Embeddings))
}
