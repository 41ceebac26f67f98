package retrieval_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/retrieval"
)

// half counts the passages that lack terms or a vector, and the published articles without passages.
func (kb knowledgeBase) half() int {
	return kb.count(`
		SELECT (
			SELECT count(*) FROM passages p
			WHERE NOT EXISTS (SELECT FROM passage_terms t WHERE t.passage_id = p.id)
				OR NOT EXISTS (SELECT FROM embeddings e WHERE e.passage_id = p.id)
		) + (SELECT count(*) FROM articles a WHERE NOT EXISTS (SELECT FROM passages p WHERE p.article_id = a.id))`)
}

// stock is how many passages there are, and the version that says so, at one moment: other writers go on.
type stock struct {
	Passages, Version int64
}

func (kb knowledgeBase) stock() stock {
	kb.t.Helper()
	rows, err := kb.pool.Query(kb.t.Context(), `SELECT (SELECT count(*) FROM passages) AS passages, version FROM kb_version`)
	require.NoError(kb.t, err)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[stock])
	require.NoError(kb.t, err)
	return found
}

// threeLanguages yields n articles in three languages.
func threeLanguages(n int) iter.Seq2[retrieval.Article, error] {
	return func(yield func(retrieval.Article, error) bool) {
		texts := map[string]string{"ar": "رسوم السحب رقم %d.", "en": "The withdrawal fee number %d.", "zh-Hans": "提币手续费第 %d 号。"}
		locales := []string{"ar", "en", "zh-Hans"}
		for i := range n {
			locale := locales[i%len(locales)]
			text := fmt.Sprintf(texts[locale], i)
			if !yield(article(fmt.Sprint("numbered-", i), locale, text, text), nil) {
				return
			}
		}
	}
}

// severalSteps is how many articles fill several steps of an import.
const severalSteps = 5000

func TestSeveralWritersLeaveNothingHalfAndCountEveryTerm(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	seen, told := kb.stock(), 0
	report, err := kb.Import(t.Context(), threeLanguages(severalSteps), retrieval.ImportOptions{Source: "test", Progress: func(retrieval.Report) {
		told++
		require.Zero(t, kb.half())
		now := kb.stock()
		if now.Passages > seen.Passages {
			require.Greater(t, now.Version, seen.Version, "whoever keeps results must learn of the new articles")
		}
		seen = now
		if told == 1 {
			_, err := kb.pool.Exec(t.Context(), `DELETE FROM articles WHERE id = (SELECT min(id) FROM articles)`)
			require.NoError(t, err)
		}
	}})
	require.NoError(t, err)
	require.Equal(t, severalSteps, report.Added)
	require.Greater(t, told, 1)
	require.Equal(t, severalSteps-1, kb.count(`SELECT count(*) FROM articles`))
	require.Zero(t, kb.half())
}

func TestTwoImportsOfTheSameArticlesBothEnd(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	var reports [2]retrieval.Report
	var group errgroup.Group
	for i := range reports {
		group.Go(func() (err error) {
			reports[i], err = kb.Import(t.Context(), threeLanguages(severalSteps), retrieval.ImportOptions{Source: "test"})
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, severalSteps, reports[0].Added+reports[1].Added)
	require.Empty(t, append(reports[0].Problems, reports[1].Problems...))
	require.Equal(t, severalSteps, kb.count(`SELECT count(*) FROM articles`))
	require.Zero(t, kb.half())
}

func TestAnAuthorsChangeGetsItsTurnDuringAnImport(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	saved := make(chan error, 1)
	told := false
	_, err := kb.Import(t.Context(), threeLanguages(severalSteps), retrieval.ImportOptions{Source: "test", Progress: func(retrieval.Report) {
		if told {
			return
		}
		told = true
		// The writers go on only when this returns.
		a := article("urgent", "en", "Withdrawals paused", "Withdrawals of zebra are paused.")
		_, err := kb.Save(t.Context(), retrieval.Edit{Actor: "author", Article: a})
		if err == nil {
			_, err = kb.Apply(t.Context(), a.Slug, a.Locale)
		}
		hits := kb.search(retrieval.Query{Locale: "en", Text: "zebra"})
		require.NotEmpty(t, hits)
		require.Equal(t, "urgent", hits[0].Article.Slug)
		saved <- err
	}})
	require.NoError(t, err)
	require.NoError(t, <-saved)
}
