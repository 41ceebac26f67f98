package retrieval_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// today is the day of all searches in these tests.
var today = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// knowledgeBase is an index on a database of its own that counts what it embeds.
type knowledgeBase struct {
	*retrieval.Index

	embedded *atomic.Int64 // texts
	pool     *pgxpool.Pool
	t        testing.TB
}

func newKnowledgeBase(t testing.TB) knowledgeBase {
	t.Helper()
	return newKnowledgeBaseWith(t, pgtest.DB(t), nil)
}

// newKnowledgeBaseWith wraps the built-in model, when wrap is given.
func newKnowledgeBaseWith(t testing.TB, pool *pgxpool.Pool, wrap func(retrieval.EmbedFunc) retrieval.EmbedFunc) knowledgeBase {
	t.Helper()
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	builtin := embed.New()
	kb := knowledgeBase{embedded: new(atomic.Int64), pool: pool, t: t}
	do := func(ctx context.Context, texts []string) ([][]float32, error) {
		kb.embedded.Add(int64(len(texts)))
		return builtin.Embed(ctx, texts)
	}
	if wrap != nil {
		do = wrap(do)
	}
	kb.Index, err = retrieval.New(retrieval.Config{
		Analyzer: analyzer,
		Model:    retrieval.EmbeddingModel{Dimensions: embed.Dimensions, Embed: do, Name: builtin.Name()},
		Pool:     pool,
	})
	require.NoError(t, err)
	_, err = kb.Register(t.Context())
	require.NoError(t, err)
	return kb
}

func (kb knowledgeBase) load(articles ...retrieval.Article) retrieval.Report {
	kb.t.Helper()
	report, err := kb.Import(kb.t.Context(), sequence(articles...), retrieval.ImportOptions{Source: "test"})
	require.NoError(kb.t, err)
	require.Empty(kb.t, report.Problems)
	return report
}

func (kb knowledgeBase) search(query retrieval.Query) []retrieval.Hit {
	kb.t.Helper()
	query.Now = today
	results, err := kb.Search(kb.t.Context(), query)
	require.NoError(kb.t, err)
	require.NoError(kb.t, results.Degraded)
	return results.Hits
}

func (kb knowledgeBase) version() int64 {
	kb.t.Helper()
	version, err := kb.Version(kb.t.Context())
	require.NoError(kb.t, err)
	return version
}

func (kb knowledgeBase) count(query string) int {
	kb.t.Helper()
	var n int
	require.NoError(kb.t, kb.pool.QueryRow(kb.t.Context(), query).Scan(&n))
	return n
}

func sequence(articles ...retrieval.Article) iter.Seq2[retrieval.Article, error] {
	return func(yield func(retrieval.Article, error) bool) {
		for _, a := range articles {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// article returns a public, published one.
func article(slug, locale, title, body string) retrieval.Article {
	return retrieval.Article{
		Audience: retrieval.AudiencePublic,
		Body:     body,
		Locale:   locale,
		Slug:     slug,
		Status:   retrieval.StatusPublished,
		Title:    title,
	}
}

// slugs lists the articles of hits in their order.
func slugs(hits []retrieval.Hit) []string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Article.Slug)
	}
	return list
}

// shown names the version of each article that a hit shows.
func shown(hits []retrieval.Hit) []string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Article.Slug+" "+h.Article.Locale)
	}
	return list
}
