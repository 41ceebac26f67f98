package retrieval_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

// libraryDimensions is the length of the vectors in tests of what happens to articles: what is found there is found by words.
const libraryDimensions = 64

// newLibrary is a knowledge base with a small stand-in for the embedding model.
func newLibrary(t testing.TB) knowledgeBase {
	t.Helper()
	return newLibraryWith(t, pgtest.DB(t), retrieval.Config{})
}

// newLibraryWith completes what config leaves out.
func newLibraryWith(t testing.TB, pool *pgxpool.Pool, config retrieval.Config) knowledgeBase {
	t.Helper()
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	kb := knowledgeBase{embedded: new(atomic.Int64), pool: pool, t: t}
	config.Analyzer, config.Pool = analyzer, pool
	if config.Model.Name == "" {
		config.Model.Name, config.Model.Dimensions = "stand-in", libraryDimensions
	}
	next := config.Model.Embed
	config.Model.Embed = func(ctx context.Context, texts []string) ([][]float32, error) {
		kb.embedded.Add(int64(len(texts)))
		if next != nil {
			return next(ctx, texts)
		}
		return standIn(config.Model.Dimensions)(ctx, texts)
	}
	kb.Index, err = retrieval.New(config)
	require.NoError(t, err)
	_, err = kb.Register(t.Context())
	require.NoError(t, err)
	return kb
}

func standIn(dimensions int) retrieval.EmbedFunc {
	return func(_ context.Context, texts []string) ([][]float32, error) {
		vectors := make([][]float32, len(texts))
		for i, text := range texts {
			vectors[i] = llmtest.Embed(text, dimensions)
		}
		return vectors, nil
	}
}

// save writes an article as Ada and requires that it worked.
func (kb knowledgeBase) save(a retrieval.Article, version int) retrieval.Version {
	kb.t.Helper()
	saved, err := kb.Save(kb.t.Context(), retrieval.Edit{Actor: "Ada", Article: a, Version: version})
	require.NoError(kb.t, err)
	return saved
}

// found are the passages that a search shows of the best article.
func (kb knowledgeBase) found(text, locale string) []string {
	kb.t.Helper()
	var bodies []string
	for _, hit := range kb.search(retrieval.Query{Limit: 1, Locale: locale, Text: text}) {
		bodies = append(bodies, hit.Passage.Body)
		for _, more := range hit.More {
			bodies = append(bodies, more.Body)
		}
	}
	return bodies
}
