package retrieval_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func TestImportAgainChangesAndEmbedsNothing(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	articles := []retrieval.Article{
		article("fees", "en", "Fees", "Withdrawals cost 1 USDT."),
		article("fees", "zh-Hans", "手续费", "提币收取 1 USDT。"),
	}
	first := kb.load(articles...)
	require.Equal(t, 2, first.Added)
	require.Equal(t, 2, first.Embedded)
	version, embedded := kb.version(), kb.embedded.Load()

	second := kb.load(articles...)
	require.Equal(t, retrieval.Report{Unchanged: 2}, second)
	require.Equal(t, version, kb.version())
	require.Equal(t, embedded, kb.embedded.Load())
}

func TestImportOfAnEditEmbedsOnlyThePassagesThatChanged(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	body := "Intro.\n\n## Limits\n\nThe limit is 5 BTC a day.\n\n## Fees\n\nThe fee is 1 USDT."
	kb.load(article("withdraw", "en", "Withdraw", body))
	before := kb.version()

	// The sections change places too: their passages keep their vectors.
	edited := "Intro.\n\n## Fees\n\nThe fee is 2 USDT.\n\n## Limits\n\nThe limit is 5 BTC a day."
	report := kb.load(article("withdraw", "en", "Withdraw", edited))
	require.Equal(t, 1, report.Updated)
	require.Equal(t, 1, report.Embedded)
	require.Greater(t, kb.version(), before)

	stored, err := kb.Article(t.Context(), "withdraw", "en")
	require.NoError(t, err)
	require.Equal(t, 2, stored.Version)
	require.Equal(t, 3, stored.Passages)
	hits := kb.search(retrieval.Query{Locale: "en", Text: "withdraw fee"})
	require.Equal(t, "The fee is 2 USDT.", hits[0].Passage.Body)
	require.Equal(t, 1, hits[0].Passage.Ordinal)
	require.Equal(t, []string{"Fees"}, hits[0].Passage.HeadingPath)
}

func TestImportReportsOneBadFileAndTakesTheOthers(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	tree := fstest.MapFS{
		"en/bad.md":      {Data: []byte("---\nslug: bad\nlocale: en\ntitle: Bad\naudience: everyone\n---\nText.")},
		"en/binary.md":   {Data: []byte("\x00\x01\x02")},
		"en/good.md":     {Data: []byte("---\nslug: good\nlocale: en\ntitle: Good\n---\nText.")},
		"en/latin.md":    {Data: []byte("---\nslug: l\nlocale: en\ntitle: L\n---\n\x81\x8d\x8f\x90\x9d")},
		"more.jsonl":     {Data: []byte("{\"key\":\"a\",\"lang\":\"zh-CN\",\"title\":\"A\",\"body\":\"文本\"}\nnot json\n{\"key\":\"b\",\"lang\":\"en\",\"title\":\"B\",\"body\":\"Text\"}\n")},
		"README.md":      {Data: []byte("no front matter")},
		"picture.png":    {Data: []byte("\x89PNG")},
		".hidden/bad.md": {Data: []byte("x")},
	}
	report, err := kb.Import(t.Context(), files.FS(tree), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Equal(t, 3, report.Added)
	var messages []string
	for _, p := range report.Problems {
		messages = append(messages, p.Error())
	}
	require.Equal(t, []string{
		`en/bad.md:5: audience: "everyone" is unknown; use one of public, internal`,
		`en/binary.md: is a binary file; only text can be imported`,
		`en/latin.md:6: is not encoded in UTF-8; save the file as UTF-8`,
		`more.jsonl:2: is not a JSON object; write one {"slug", "locale", "title", "body"} object a line`,
	}, messages)
	_, err = kb.Article(t.Context(), "a", "zh-Hans")
	require.NoError(t, err)
}

func TestImportReportsAnArticleThatIsThereTwice(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	twin := article("fees", "en", "Fees", "Other text.")
	twin.File, twin.Line = "b.md", 1
	original := article("fees", "en", "Fees", "Text.")
	original.File = "a.md"
	report, err := kb.Import(t.Context(), sequence(original, twin), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Len(t, report.Problems, 1)
	require.EqualError(t, report.Problems[0], `b.md:1: slug: "fees" in en is already in a.md; give each article of a language its own slug`)
	stored, err := kb.Article(t.Context(), "fees", "en")
	require.NoError(t, err)
	require.Equal(t, "Text.", stored.Body)
}

func TestPruneDeletesWhatItsSourceNoLongerHas(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	keep, drop := article("keep", "en", "Keep", "Text to keep."), article("drop", "en", "Drop", "Text to drop.")
	kb.load(keep, drop)
	other, err := kb.Import(t.Context(), sequence(article("other", "en", "Other", "From elsewhere.")), retrieval.ImportOptions{Source: "other"})
	require.NoError(t, err)
	require.Equal(t, 1, other.Added)

	report, err := kb.Import(t.Context(), sequence(keep), retrieval.ImportOptions{Prune: true, Source: "test"})
	require.NoError(t, err)
	require.Equal(t, 1, report.Pruned)
	list, err := kb.List(t.Context(), retrieval.Filter{})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Zero(t, kb.count(`SELECT count(*) FROM passages p WHERE NOT EXISTS (SELECT FROM articles a WHERE a.id = p.article_id)`))
}

func TestPruneKeepsEverythingWhenAFileCouldNotBeRead(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("a", "en", "A", "Text."))
	tree := fstest.MapFS{"a.md": {Data: []byte("broken")}}
	report, err := kb.Import(t.Context(), files.FS(tree), retrieval.ImportOptions{Prune: true, Source: "test"})
	require.NoError(t, err)
	require.Len(t, report.Problems, 1)
	require.Zero(t, report.Pruned)
	require.Equal(t, 1, kb.count(`SELECT count(*) FROM articles`))
}

func TestAFaultyEmbedderLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	broken := errors.New("endpoint is down")
	for name, fault := range map[string]func([][]float32) ([][]float32, error){
		"fails":             func([][]float32) ([][]float32, error) { return nil, broken },
		"fewer vectors":     func(v [][]float32) ([][]float32, error) { return v[1:], nil },
		"infinite":          func(v [][]float32) ([][]float32, error) { v[0][3] = float32(math.Inf(1)); return v, nil },
		"more vectors":      func(v [][]float32) ([][]float32, error) { return append(v, v[0]), nil },
		"not a number":      func(v [][]float32) ([][]float32, error) { v[0][3] = float32(math.NaN()); return v, nil },
		"wrong dimension":   func(v [][]float32) ([][]float32, error) { v[0] = v[0][1:]; return v, nil },
		"zero length":       func(v [][]float32) ([][]float32, error) { clear(v[0]); return v, nil },
		"fails at the last": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kb := newLibraryWith(t, pgtest.DB(t), retrieval.Config{Model: retrieval.EmbeddingModel{
				Dimensions: libraryDimensions,
				Embed: func(ctx context.Context, texts []string) ([][]float32, error) {
					if fault == nil && strings.Contains(texts[len(texts)-1], "last passage") {
						return nil, broken
					}
					vectors, err := standIn(libraryDimensions)(ctx, texts)
					require.NoError(t, err)
					if fault == nil {
						return vectors, nil
					}
					return fault(vectors)
				},
				Name: "stand-in",
			}})
			long := strings.Repeat("## Part\n\nWithdrawals and deposits.\n\n", 300) + "## End\n\nThe last passage."
			report, err := kb.Import(t.Context(), sequence(article("long", "en", "Long", long)), retrieval.ImportOptions{Source: "test"})
			require.Error(t, err)
			if !errors.Is(err, broken) {
				require.ErrorIs(t, err, retrieval.ErrBadEmbedding)
			}
			require.Zero(t, report.Added)
			for _, table := range []string{"articles", "passages", "passage_terms", "embeddings"} {
				require.Zero(t, kb.count(`SELECT count(*) FROM `+table), table)
			}
		})
	}
}

func TestImportStopsWhenTheCallerGoesAway(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := kb.Import(ctx, sequence(article("a", "en", "A", "Text.")), retrieval.ImportOptions{Source: "test"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestASecondModelIsFilledBesideTheFirst(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."), article("limits", "en", "Limits", "At most 5 BTC a day."))
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	other, err := retrieval.New(retrieval.Config{Analyzer: analyzer, Pool: kb.pool, Model: retrieval.EmbeddingModel{
		Dimensions: 3,
		Embed: func(_ context.Context, texts []string) ([][]float32, error) {
			vectors := make([][]float32, len(texts))
			for i, text := range texts {
				vectors[i] = []float32{float32(len(text)), 1, 2}
			}
			return vectors, nil
		},
		Name: "other",
	}})
	require.NoError(t, err)
	before := kb.version()

	missing, err := other.Register(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, missing)
	require.Equal(t, 1, kb.count(`SELECT count(*) FROM embedding_models WHERE active AND name <> 'other'`))
	require.True(t, fill(t, other, retrieval.FillOptions{}).Active)
	require.Equal(t, 1, kb.count(`SELECT count(*) FROM embedding_models WHERE active AND name = 'other'`))
	require.Equal(t, 2, kb.count(`SELECT count(*) FROM embeddings e JOIN embedding_models m ON m.id = e.model_id WHERE m.name = 'other'`))
	require.Greater(t, kb.version(), before)

	results, err := other.Search(t.Context(), retrieval.Query{Locale: "en", Now: today, Text: "fees"})
	require.NoError(t, err)
	require.Equal(t, "fees", results.Hits[0].Article.Slug)
	require.Equal(t, []string{"fees"}, slugs(kb.search(retrieval.Query{Locale: "en", Limit: 1, Text: "fees"})))
}

func TestRegisterRefusesAKnownModelWithOtherDimensions(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	_, err := kb.pool.Exec(t.Context(), `UPDATE embedding_models SET dimensions = 7`)
	require.NoError(t, err)
	_, err = kb.Register(t.Context())
	require.ErrorContains(t, err, "it is known with 7 dimensions, not 64")
}
