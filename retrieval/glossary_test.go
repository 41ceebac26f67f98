package retrieval_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

const ownTerms = "en\tzh-Hans\tar\npiggy vault\t小猪金库\tخزنة التوفير\nwithdrawal|yank out\t\t\n"

func ownConcepts(t *testing.T) []lexical.Concept {
	t.Helper()
	concepts, err := terms.ParseTSV(ownTerms)
	require.NoError(t, err)
	return concepts
}

// reopened is the index of a replica that starts now.
func (kb knowledgeBase) reopened(ctx context.Context) *retrieval.Index {
	kb.t.Helper()
	own, version, err := retrieval.Glossary{Pool: kb.pool}.Concepts(ctx)
	require.NoError(kb.t, err)
	analyzer, err := retrieval.NewAnalyzer(own...)
	require.NoError(kb.t, err)
	model := retrieval.EmbeddingModel{Dimensions: libraryDimensions, Name: "stand-in"}
	model.Embed = func(ctx context.Context, texts []string) ([][]float32, error) {
		kb.embedded.Add(int64(len(texts)))
		return standIn(libraryDimensions)(ctx, texts)
	}
	index, err := retrieval.New(retrieval.Config{Analyzer: analyzer, Model: model, Pool: kb.pool, TermsVersion: version})
	require.NoError(kb.t, err)
	_, err = index.Register(ctx)
	require.NoError(kb.t, err)
	return index
}

func TestOwnTermsTakeEffectWithoutARestart(t *testing.T) {
	t.Parallel()
	kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{})
	kb.load(article("vault", "en", "About it", "Put coins into the piggy vault."), article("other", "en", "Nothing of it", "Something else."))
	desk := retrieval.NewDesk(kb.Index, func(ctx context.Context, _ retrieval.ModelInfo) (*retrieval.Index, bool, error) {
		return kb.reopened(ctx), true, nil
	})
	matched := func(text, locale string) []string {
		results, err := desk.Search(t.Context(), retrieval.Query{Locale: locale, Now: today, Text: text})
		require.NoError(t, err)
		for _, hit := range results.Hits {
			if hit.Article.Slug == "vault" {
				return hit.Evidence.MatchedTerms
			}
		}
		return nil
	}
	questions := map[string]string{"en": "piggy vault", "zh-Hans": "小猪金库", "ar": "خزنة التوفير"}
	for locale, text := range questions {
		require.NotContains(t, matched(text, locale), "t:piggy-vault")
	}

	_, err := retrieval.Glossary{Pool: kb.pool}.Save(t.Context(), ownConcepts(t))
	require.NoError(t, err)
	embedded := kb.embedded.Load()
	switched, err := desk.Follow(t.Context())
	require.NoError(t, err)
	require.True(t, switched)
	outdated, err := desk.Index().Outdated(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, outdated)
	done, err := desk.Index().Reanalyse(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, 2, done)
	for locale, text := range questions {
		require.Contains(t, matched(text, locale), "t:piggy-vault", locale)
	}
	require.Equal(t, 2, kb.count(`SELECT count(*) FROM article_versions`), "analysis is no change of an article")
	require.LessOrEqual(t, kb.embedded.Load()-embedded, int64(len(questions)), "no passage is embedded again")

	done, err = desk.Index().Reanalyse(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, done)
	switched, err = desk.Follow(t.Context())
	require.NoError(t, err)
	require.False(t, switched)
}

func TestTheSameTermsAgainChangeNothing(t *testing.T) {
	t.Parallel()
	kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{})
	told := 0
	glossary := retrieval.Glossary{Pool: kb.pool, Changed: func(context.Context, pgx.Tx, retrieval.GlossaryChange) error {
		told++
		return nil
	}}
	foreseen, err := glossary.Foresee(t.Context(), ownConcepts(t))
	require.NoError(t, err)
	require.Equal(t, []string{"piggy-vault", "withdrawal"}, foreseen.Added)
	stored, first, err := glossary.Concepts(t.Context())
	require.NoError(t, err)
	require.Empty(t, stored)

	for range 2 {
		_, err = glossary.Save(t.Context(), ownConcepts(t))
		require.NoError(t, err)
	}
	stored, second, err := glossary.Concepts(t.Context())
	require.NoError(t, err)
	require.Equal(t, ownConcepts(t), stored)
	require.Greater(t, second, first)
	require.Equal(t, 1, told)

	updated := slices.Clone(ownConcepts(t)[:1])
	updated[0].Terms = updated[0].Terms[:1]
	change, err := glossary.Save(t.Context(), updated)
	require.NoError(t, err)
	require.Equal(t, retrieval.GlossaryChange{Updated: []string{"piggy-vault"}}, change)
	change, err = glossary.Remove(t.Context(), []string{"piggy-vault", "unknown"})
	require.NoError(t, err)
	require.Equal(t, []string{"piggy-vault"}, change.Removed)
	_, third, err := glossary.Concepts(t.Context())
	require.NoError(t, err)
	_, err = glossary.Remove(t.Context(), []string{"unknown"})
	require.NoError(t, err)
	_, fourth, err := glossary.Concepts(t.Context())
	require.NoError(t, err)
	require.Equal(t, third, fourth, "what changed nothing makes no replica look")
}

func TestADeskCannotHaveMoreTermsThanItCanKeep(t *testing.T) {
	t.Parallel()
	kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{})
	many := make([]lexical.Concept, terms.MaxConcepts+1)
	for i := range many {
		name := "c" + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + strings.Repeat("y", i/1000) + string(rune(0x4e00+i%20000))
		many[i] = lexical.Concept{Name: name, Terms: []lexical.Term{{Locale: "en", Text: name}}}
	}
	_, err := retrieval.Glossary{Pool: kb.pool}.Save(t.Context(), many)
	require.ErrorIs(t, err, retrieval.ErrTooManyTerms)
	require.Zero(t, kb.count(`SELECT count(*) FROM terms`))
}
