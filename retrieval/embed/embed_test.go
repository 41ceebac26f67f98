package embed_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/lexical"
)

func newEmbedder(t testing.TB) *embed.Embedder {
	t.Helper()
	tb, err := lexical.ParseTermbase("en\tzh-Hans\tru\nwithdrawal\t提币\tвывод\nfee\t手续费\tкомиссия\n")
	require.NoError(t, err)
	return embed.New(lexical.NewAnalyzer(tb))
}

func vectors(t testing.TB, texts ...string) [][]float32 {
	t.Helper()
	v, err := newEmbedder(t).Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, v, len(texts))
	return v
}

func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestVectorsHaveUnitLength(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "", "?!", "a", "提币手续费", strings.Repeat("withdrawal fee ", 1000), "\xff") {
		require.Len(t, v, embed.Dimensions)
		require.InDelta(t, 1, math.Sqrt(cosine(v, v)), 1e-5)
	}
}

func TestTheSameTextHasTheSameVectorEverywhere(t *testing.T) {
	t.Parallel()
	text := "How do I withdraw? 提币手续费 вывод"
	first := vectors(t, text)
	require.Equal(t, first, vectors(t, text))
}

func TestRelatedTextsAreCloser(t *testing.T) {
	t.Parallel()
	v := vectors(t, "withdrawal fees", "The fee of a withdrawal depends on the network.", "Upload your passport to verify your identity.", "提币手续费是多少", "护照照片不清晰")
	require.Greater(t, cosine(v[0], v[1]), cosine(v[0], v[2])+0.2)
	require.Greater(t, cosine(v[0], v[3]), cosine(v[0], v[4])+0.2)
}

func TestEmbedStopsWhenTheCallerGoesAway(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newEmbedder(t).Embed(ctx, []string{"a"})
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkEmbed(b *testing.B) {
	e := newEmbedder(b)
	text := strings.Repeat("A withdrawal of USDT over TRC-20 takes about 30 minutes on most days. ", 14) // 250 tokens
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := e.Embed(b.Context(), []string{text}); err != nil {
			b.Fatal(err)
		}
	}
}
