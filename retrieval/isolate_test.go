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
