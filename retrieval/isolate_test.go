package retrieval_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

var errRejected = errors.New("this text is rejected")

// faulty is a model that fails in some way on texts with the word poison.
func faulty(fault func([][]float32, int) ([][]float32, error)) retrieval.EmbeddingModel {
	return retrieval.EmbeddingModel{
		Dimensions: libraryDimensions, Name: "stand-in",
		Embed: func(ctx context.Context, texts []string) ([][]float32, error) {
			vectors, err := standIn(libraryDimensions)(ctx, texts)
			if i := slices.IndexFunc(texts, func(text string) bool { return strings.Contains(text, "poison") }); err == nil && i >= 0 {
				return fault(vectors, i)
			}
			return vectors, err
		},
		OfText: func(err error) bool { return errors.Is(err, errRejected) },
	}
}

func TestATextThatTheModelCannotEmbedIsAProblemOfItsArticleAlone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func([][]float32, int) ([][]float32, error){
		"fewer vectors":   func(v [][]float32, i int) ([][]float32, error) { return slices.Delete(v, i, i+1), nil },
		"not a number":    func(v [][]float32, i int) ([][]float32, error) { v[i][2] = float32(math.NaN()); return v, nil },
		"rejected":        func([][]float32, int) ([][]float32, error) { return nil, errRejected },
		"wrong dimension": func(v [][]float32, i int) ([][]float32, error) { v[i] = v[i][1:]; return v, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{Model: faulty(fault)})
			kb.load(article("updated", "zh-Hans", "提币", "旧的内容。"))
			articles := append(many(300), article("updated", "zh-Hans", "提币", "新的内容 poison。"))
			for place, i := range map[string]int{"one.md": 3, "two.md": 200} {
				articles[i].Body += "\n\n## Part\n\nGood.\n\n## Other\n\nWith poison."
				articles[i].File, articles[i].Line = place, 1
				articles[i].Redirects = []string{"was-" + articles[i].Slug}
			}
			articles[201].Body += " النص"
			report, err := kb.Import(t.Context(), sequence(articles...), retrieval.ImportOptions{Prune: true, Source: "test"})
			require.NoError(t, err)
			require.Equal(t, 298, report.Added)
			require.Equal(t, 0, report.Updated)
			var problems []string
			for _, problem := range report.Problems {
				problems = append(problems, problem.Error())
			}
			slices.Sort(problems)
			require.Len(t, problems, 3)
			require.Contains(t, problems[0], `one.md:1: body: passage 3 ("With poison.") cannot be embedded: `)
			require.Contains(t, problems[1], `two.md:1: body: passage 3 ("With poison.") cannot be embedded: `)
			require.Contains(t, problems[2], `updated (zh-Hans): body: passage 1 ("新的内容 poison。") cannot be embedded: `)
			require.Zero(t, kb.count(`SELECT count(*) FROM articles WHERE slug IN ('a3', 'a200')`))
			require.Zero(t, kb.count(`SELECT count(*) FROM article_redirects`))
			require.Equal(t, 299, kb.count(`SELECT count(*) FROM passages p JOIN embeddings e ON e.passage_id = p.id JOIN passage_terms t ON t.passage_id = p.id`))
			stored, err := kb.Article(t.Context(), "updated", "zh-Hans")
			require.NoError(t, err)
			require.Equal(t, "旧的内容。", stored.Body)
		})
	}
}

func TestAModelThatTakesNothingStopsTheImport(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string]int{"many": 2000, "two": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{Model: faulty(func([][]float32, int) ([][]float32, error) {
				calls.Add(1)
				return nil, errRejected
			})})
			articles := many(texts)
			for i := range articles {
				articles[i].Body = fmt.Sprintf("All poison %d.", i)
			}
			report, err := kb.Import(t.Context(), sequence(articles...), retrieval.ImportOptions{Source: "test"})
			require.ErrorIs(t, err, errRejected)
			require.Zero(t, report.Added)
			require.Less(t, calls.Load(), int64(150), "it is not asked for each text")
			require.Zero(t, kb.count(`SELECT count(*) FROM articles`))
		})
	}
}

func TestAnImportGoesOnAfterAModelThatWentDown(t *testing.T) {
	t.Parallel()
	down := errors.New("model unavailable")
	var broken atomic.Bool
	broken.Store(true)
	kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{Model: faulty(func(v [][]float32, _ int) ([][]float32, error) {
		if broken.Load() {
			return nil, down
		}
		return v, nil
	})})
	articles := many(3000)
	articles[2900].Body += " And poison."
	report, err := kb.Import(t.Context(), sequence(articles...), retrieval.ImportOptions{Source: "test"})
	require.ErrorIs(t, err, down)
	require.Empty(t, report.Problems)
	stored := kb.count(`SELECT count(*) FROM articles`)
	require.Equal(t, report.Added, stored)

	broken.Store(false)
	report = kb.load(articles...)
	require.Equal(t, 3000-stored, report.Added)
	require.Equal(t, stored, report.Unchanged)
}

// vectorIndex is the identity of the index of vectors, 0 without one.
func (kb knowledgeBase) vectorIndex() int {
	kb.t.Helper()
	return kb.count(`SELECT coalesce(max(oid::bigint), 0) FROM pg_class WHERE relname LIKE 'embeddings_hnsw_%'`)
}

func TestALargeImportMakesASmallVectorIndexAnew(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(many(10)...)
	first := kb.vectorIndex()
	require.NotZero(t, first)
	kb.load(many(20)...)
	require.Equal(t, first, kb.vectorIndex(), "a few articles are added to it")

	var without bool
	articles := many(5000)
	report, err := kb.Import(t.Context(), sequence(articles...), retrieval.ImportOptions{
		Source: "test",
		Progress: func(retrieval.Report) {
			without = without || kb.vectorIndex() == 0
			require.NotEmpty(t, kb.search(retrieval.Query{Locale: "en", Text: "Passage number 7"}), "searches go on")
		},
	})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	require.True(t, without)
	require.NotZero(t, kb.vectorIndex())
	require.NotEqual(t, first, kb.vectorIndex())
}

func TestAVectorIndexThatASearchHoldsIsKeptUpToDateInstead(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(many(10)...)
	first := kb.vectorIndex()
	reader, err := kb.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = reader.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = reader.Exec(t.Context(), `SELECT count(*) FROM embeddings`)
	require.NoError(t, err)

	require.Equal(t, 4990, kb.load(many(5000)...).Added)
	require.Equal(t, first, kb.vectorIndex())
}
