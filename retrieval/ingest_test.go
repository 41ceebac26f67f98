package retrieval_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

// ingestPassages is how many passages the benchmark imports, into an empty knowledge base.
const ingestPassages = 20_000

// BenchmarkIngest imports through a model that answers over HTTP, 1,536 dimensions. Go's heap is watched meanwhile; the
// stand-in's own memory is in it.
func BenchmarkIngest(b *testing.B) {
	server := llmtest.NewWith(b, llmtest.Options{KeepRequests: 1})
	client, err := llm.NewClient(llm.Config{BaseURL: server.BaseURL(), ChatModel: "x", EmbeddingDimensions: 1536, EmbeddingModel: "stand-in"})
	require.NoError(b, err)
	var peak atomic.Uint64
	for b.Loop() {
		b.StopTimer()
		config := retrieval.Config{Model: retrieval.EmbeddingModel{Dimensions: 1536, Embed: client.Embeddings().Embed, Name: "stand-in"}}
		kb := newLibraryWith(b, pgtest.DB(b), config)
		var written time.Duration
		started := time.Now()
		b.StartTimer()
		report, err := kb.Import(b.Context(), passages(ingestPassages), retrieval.ImportOptions{Source: "bench", Progress: func(r retrieval.Report) {
			if written == 0 && r.Passages == ingestPassages {
				written = time.Since(started) // the index comes after
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
		}})
		require.NoError(b, err)
		require.Equal(b, ingestPassages, report.Passages)
		whole := time.Since(started)
		b.ReportMetric(ingestPassages/whole.Seconds(), "passages/s")
		b.ReportMetric(ingestPassages/written.Seconds(), "written/s")
		b.ReportMetric(whole.Seconds(), "s/import")
		b.ReportMetric(float64(peak.Load())/(1<<20), "MB-heap")
	}
}

// passages are articles of five passages of some 70 words each, of which some are frequent and most are rare.
func passages(n int) func(yield func(retrieval.Article, error) bool) {
	return func(yield func(retrieval.Article, error) bool) {
		for i := range n / 5 {
			var body strings.Builder
			for section := range 5 {
				fmt.Fprintf(&body, "## Section %d\n\n", section)
				for word := range 70 {
					fmt.Fprintf(&body, "word%d ", (i*7919+section*104729+word*word*31)%(50+word*300))
				}
				body.WriteString("\n\n")
			}
			if !yield(article(fmt.Sprintf("article-%d", i), "en", fmt.Sprintf("Article number %d", i), body.String()), nil) {
				return
			}
		}
	}
}
