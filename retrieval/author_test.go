package retrieval_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

func TestASavedTextIsFoundOnlyOnceItIsApplied(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ locale, title, old, changed, query string }{
		{"en", "Withdrawal fee", "A withdrawal costs 1 USDT.", "A withdrawal costs 2 USDT.", "withdrawal costs"},
		{"zh-Hans", "提币手续费", "提币手续费为 1 USDT。", "提币手续费为 2 USDT。", "提币手续费"},
		{"ar", "رسوم السحب", "رسوم السحب 1 USDT.", "رسوم السحب 2 USDT.", "رسوم السحب"},
	} {
		t.Run(c.locale, func(t *testing.T) {
			t.Parallel()
			kb := newLibrary(t)
			require.Equal(t, 1, kb.save(article("fee", c.locale, c.title, c.old), 0).Number)
			require.Empty(t, kb.found(c.query, c.locale))
			applied, err := kb.Apply(t.Context(), "fee", c.locale)
			require.NoError(t, err)
			require.True(t, applied)
			require.Equal(t, []string{c.old}, kb.found(c.query, c.locale))

			saved := kb.save(article("fee", c.locale, c.title, c.changed), 1)
			require.Equal(t, 2, saved.Number)
			require.False(t, saved.Live)
			require.Equal(t, []string{c.old}, kb.found(c.query, c.locale))
			_, err = kb.Apply(t.Context(), "fee", c.locale)
			require.NoError(t, err)
			require.Equal(t, []string{c.changed}, kb.found(c.query, c.locale))

			again, err := kb.Apply(t.Context(), "fee", c.locale)
			require.NoError(t, err)
			require.False(t, again)
		})
	}
}

func TestWhatNeedsNoVectorTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	a := article("fee", "en", "Fee", "A withdrawal costs 1 USDT.")
	kb.load(a)
	embedded := kb.embedded.Load()

	a.Audience = retrieval.AudienceInternal
	require.True(t, kb.save(a, 1).Live)
	require.Empty(t, kb.found("withdrawal costs", "en"))
	a.Audience = retrieval.AudiencePublic
	require.True(t, kb.save(a, 2).Live)
	require.NotEmpty(t, kb.found("withdrawal costs", "en"))
	a.Category = "fees"
	require.True(t, kb.save(a, 3).Live)
	results, err := kb.Search(t.Context(), retrieval.Query{Locale: "en", Now: time.Now(), Text: "withdrawal costs"})
	require.NoError(t, err)
	require.Equal(t, "fees", results.Hits[0].Article.Category)
	a.Status = retrieval.StatusArchived
	require.True(t, kb.save(a, 4).Live)
	require.Empty(t, kb.found("withdrawal costs", "en"))
	require.Equal(t, embedded+1, kb.embedded.Load(), "the question, once")
}

func TestSavingWhatIsThereChangesNothing(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	a := article("fee", "en", "Fee", "A withdrawal costs 1 USDT.")
	kb.load(a)
	before := kb.version()

	require.Equal(t, 1, kb.save(a, 1).Number)
	require.Equal(t, 1, kb.count(`SELECT count(*) FROM article_versions`))
	require.GreaterOrEqual(t, kb.version(), before)
}

func TestNobodyOverwritesAnother(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.save(article("fee", "en", "Fee", "One."), 0)
	for name, version := range map[string]int{"new": 0, "older": 3} {
		_, err := kb.Save(t.Context(), retrieval.Edit{Actor: "Bob", Article: article("fee", "en", "Fee", "Two."), Version: version})
		require.ErrorIs(t, err, retrieval.ErrVersionConflict, name)
	}

	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() {
			body := string(rune('A'+i)) + " writes."
			_, errs[i] = kb.Save(t.Context(), retrieval.Edit{Actor: "Bob", Article: article("fee", "en", "Fee", body), Version: 1})
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, retrieval.ErrVersionConflict)
	}
	require.Equal(t, 1, won)
}

func TestAChangeDuringApplyWins(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	var kb knowledgeBase
	change := func() {}
	kb = newLibraryWith(t, pool, retrieval.Config{Model: retrieval.EmbeddingModel{
		Dimensions: libraryDimensions, Name: "stand-in",
		Embed: func(ctx context.Context, texts []string) ([][]float32, error) {
			change()
			return standIn(libraryDimensions)(ctx, texts)
		},
	}})
	kb.save(article("fee", "en", "Fee", "The fee is one."), 0)
	change = func() {
		change = func() {}
		kb.save(article("fee", "en", "Fee", "The fee is two."), 1)
	}
	_, err := kb.Apply(t.Context(), "fee", "en")
	require.ErrorIs(t, err, retrieval.ErrVersionConflict)
	_, err = kb.Apply(t.Context(), "fee", "en")
	require.NoError(t, err)
	require.Equal(t, []string{"The fee is two."}, kb.found("fee", "en"))
	require.Zero(t, kb.count(`SELECT count(*) FROM passages WHERE body LIKE '%one%'`))
}

func TestAnImportSupersedesWhatIsNotLiveYet(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("fee", "en", "Fee", "The fee is one."))
	kb.save(article("fee", "en", "Fee", "The fee is two."), 1)
	kb.load(article("fee", "en", "Fee", "The fee is three."))

	stored, err := kb.Article(t.Context(), "fee", "en")
	require.NoError(t, err)
	require.Equal(t, 3, stored.Version)
	applied, err := kb.Apply(t.Context(), "fee", "en")
	require.NoError(t, err)
	require.False(t, applied)
	require.Equal(t, []string{"The fee is three."}, kb.found("fee", "en"))
}

func TestHistorySaysWhoWroteWhatAndWhen(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("fee", "en", "Fee", "The fee is one."))
	kb.save(article("fee", "en", "Fee", "The fee is two."), 1)
	_, err := kb.Apply(t.Context(), "fee", "en")
	require.NoError(t, err)
	require.NoError(t, kb.Remove(t.Context(), retrieval.Edit{
		Actor: "Bob", Article: retrieval.Article{Locale: "en", Slug: "fee"}, Version: 2,
	}))
	kb.save(article("fee", "en", "Fee", "The fee is back."), 0)

	history, err := kb.History(t.Context(), "fee", "")
	require.NoError(t, err)
	type entry struct {
		number  int
		by      string
		deleted bool
	}
	var entries []entry
	for _, v := range history {
		entries = append(entries, entry{v.Number, v.ChangedBy, v.Deleted})
		require.WithinDuration(t, time.Now(), v.ChangedAt, time.Hour)
	}
	require.Equal(t, []entry{{4, "Ada", false}, {3, "Bob", true}, {2, "Ada", false}, {1, "import", false}}, entries)
	first, err := kb.ArticleVersion(t.Context(), "fee", "en", 1)
	require.NoError(t, err)
	require.Equal(t, "The fee is one.", first.Body)
	_, err = kb.ArticleVersion(t.Context(), "fee", "en", 9)
	require.ErrorIs(t, err, retrieval.ErrVersionNotFound)
	_, err = kb.History(t.Context(), "nothing", "")
	require.ErrorIs(t, err, retrieval.ErrArticleNotFound)
}

func TestHistoryCannotBeChanged(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("fee", "en", "Fee", "The fee is one."))
	for _, statement := range []string{`UPDATE article_versions SET title = 'x'`, `DELETE FROM article_versions`} {
		_, err := kb.pool.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "append-only")
	}
}

func TestAnArticleThatWasNeverLiveIsRemovedToo(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.save(article("fee", "en", "Fee", "The fee is one."), 0)
	edit := retrieval.Edit{Actor: "Ada", Article: retrieval.Article{Locale: "en", Slug: "fee"}, Version: 1}
	require.NoError(t, kb.Remove(t.Context(), edit))
	require.ErrorIs(t, kb.Remove(t.Context(), edit), retrieval.ErrArticleNotFound)
	applied, err := kb.Apply(t.Context(), "fee", "en")
	require.NoError(t, err)
	require.False(t, applied)
	require.Zero(t, kb.count(`SELECT count(*) FROM articles`))
}

func TestAChangeIsWrittenWithWhatIsToldOfIt(t *testing.T) {
	t.Parallel()
	refused := errors.New("audit log is full")
	var told []retrieval.Change
	kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{Changed: func(_ context.Context, _ pgx.Tx, c retrieval.Change) error {
		told = append(told, c)
		if len(told) > 1 {
			return refused
		}
		return nil
	}})
	kb.save(article("fee", "en", "Fee", "The fee is one."), 0)
	require.Equal(t, []retrieval.Change{{Action: retrieval.ChangeCreated, Actor: "Ada", Locale: "en", Slug: "fee", Version: 1}}, told)
	_, err := kb.Save(t.Context(), retrieval.Edit{Actor: "Ada", Article: article("fee", "en", "Fee", "Two."), Version: 1})
	require.ErrorIs(t, err, refused)
	require.Equal(t, 1, kb.count(`SELECT count(*) FROM article_versions`))
}

func TestRedirectsAreFollowedToTheirEnd(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("a", "en", "A", "Text."))
	set := func(old, slug string) error {
		return kb.SetRedirect(t.Context(), retrieval.Redirect{CreatedBy: "Ada", OldSlug: old, Slug: slug})
	}
	require.NoError(t, set("b", "a"))
	require.NoError(t, set("c", "b"))
	require.ErrorIs(t, set("a", "b"), retrieval.ErrRedirectInUse)
	require.ErrorIs(t, set("x", "nothing"), retrieval.ErrArticleNotFound)
	end, err := kb.Resolve(t.Context(), "c")
	require.NoError(t, err)
	require.Equal(t, "a", end)
	stored, err := kb.Article(t.Context(), "c", "en")
	require.NoError(t, err)
	require.Equal(t, "a", stored.Slug)

	require.NoError(t, kb.Remove(t.Context(), retrieval.Edit{Actor: "Ada", Article: article("a", "en", "", ""), Version: 1}))
	require.ErrorIs(t, set("a", "c"), retrieval.ErrRedirectCycle)
	kb.load(article("c", "en", "C", "An article takes the slug back."))
	end, err = kb.Resolve(t.Context(), "c")
	require.NoError(t, err)
	require.Equal(t, "c", end)
}

func TestAnImportedArticleNamesItsEarlierSlugs(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("old", "en", "Old", "Text."))
	renamed := article("new", "en", "New", "Text.")
	renamed.Redirects, renamed.File = []string{"old"}, "new.md"
	thief := article("thief", "en", "Thief", "Text.")
	thief.Redirects, thief.File = []string{"old"}, "thief.md"

	report, err := kb.Import(t.Context(), sequence(renamed), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Len(t, report.Problems, 1)
	require.EqualError(t, report.Problems[0],
		`new.md: redirects: "old" is still the slug of an article; remove that article, or import with --prune`)
	report, err = kb.Import(t.Context(), sequence(renamed), retrieval.ImportOptions{Prune: true, Source: "test"})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	stored, err := kb.Article(t.Context(), "old", "en")
	require.NoError(t, err)
	require.Equal(t, "new", stored.Slug)

	report, err = kb.Import(t.Context(), sequence(renamed, thief), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Len(t, report.Problems, 1)
	require.ErrorContains(t, report.Problems[0], `thief.md: redirects: "old" already leads to new in new.md`)
}

func TestArticlesAreListedByWordsOfTheirTexts(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(
		article("fee", "en", "Withdrawal fee", "It costs 1 USDT, 100% of it for miners."),
		article("fee", "zh-Hans", "提币手续费", "手续费为 1 USDT。"),
		article("fee", "ar", "رسوم السحب", "لم تُضف الرسوم إلى الحساب."),
		article("fee", "de", "Auszahlungsgebühr", "Ein Text."),
		article("fee", "ru", "Комиссия за вывод", "Ещё один (1) текст."),
		article("memo_tag", "en", "Forgotten MEMO", "Write to the desk."),
	)
	for text, want := range map[string][]string{
		"":              {"fee ar", "fee de", "fee en", "fee ru", "fee zh-Hans", "memo_tag en"},
		"WITHDRAW":      {"fee en"},
		"miners fee":    {"fee en"},
		"miners memo":   nil,
		"usdt":          {"fee en", "fee zh-Hans"},
		"手续费":           {"fee zh-Hans"},
		"تضف الي":       {"fee ar"},
		"رُسُوم":        {"fee ar"},
		"GEBUHR":        {"fee de"},
		"gebühr":        {"fee de"},
		"КОМИССИЯ (1)":  {"fee ru"},
		".*":            nil,
		"[a-z":          nil,
		"memo_t":        {"memo_tag en"},
		"memo%":         nil,
		"100%":          {"fee en"},
		"m_mo":          nil,
		`\`:             nil,
		"' OR 1=1 --":   nil,
		"one too few":   nil,
		" \t memo \n  ": {"memo_tag en"},
	} {
		var written, listed []string
		versions, err := kb.Written(t.Context(), retrieval.AuthorFilter{Words: retrieval.Words(text)})
		require.NoError(t, err, text)
		for _, v := range versions {
			written = append(written, v.Slug+" "+v.Locale)
		}
		articles, err := kb.List(t.Context(), retrieval.Filter{Words: retrieval.Words(text)})
		require.NoError(t, err, text)
		for _, a := range articles {
			listed = append(listed, a.Slug+" "+a.Locale)
		}
		require.Equal(t, want, written, text)
		require.Equal(t, want, listed, text)
	}
}
