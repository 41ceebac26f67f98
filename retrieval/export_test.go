package retrieval_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// awkward are articles that a careless export would lose something of.
func awkward() []retrieval.Article {
	full := article("fees/withdrawal", "zh-Hans", `充值: "备注" #1 — <b>`, "正文。\n\n---\n\n```yaml\n---\na: b\n---\n```")
	full.Audience, full.Category, full.Status = retrieval.AudienceInternal, "no", retrieval.StatusArchived
	full.Intents, full.Jurisdictions = []string{"withdrawal.fees"}, []string{"DE", "NO"}
	full.ReviewBy = time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	padded := article("padded", "ar", "  رسوم \n السحب ", "\r\nسطر\r\nآخر\r\n")
	return []retrieval.Article{
		full, padded, article("README", "en", "null", "true"), article("123", "en", "1.0", "0x1f"), article("a/../../b", "en", "'", "x\u2028y"),
		article("a/.hidden", "en", "? - : |", "\t* x"), article("true", "en", "~", "# Heading\n\nText."),
	}
}

func TestAnExportThatIsImportedChangesNothing(t *testing.T) {
	t.Parallel()
	for _, format := range []files.Format{files.FormatMarkdown, files.FormatJSONL} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			kb := newLibrary(t)
			kb.load(awkward()...)
			for a, err := range files.FS(retrieval.Sample()) {
				require.NoError(t, err)
				kb.load(a)
				if a.Slug > "b" {
					break
				}
			}
			require.NoError(t, kb.SetRedirect(t.Context(), retrieval.Redirect{CreatedBy: "Ada", OldSlug: "one", Slug: "123"}))
			require.NoError(t, kb.SetRedirect(t.Context(), retrieval.Redirect{CreatedBy: "Ada", OldSlug: "two", Slug: "one"}))
			total := kb.count(`SELECT count(*) FROM articles`)

			tree := fstest.MapFS{}
			var lines []byte
			for a, err := range kb.Export(t.Context()) {
				require.NoError(t, err)
				line, err := files.JSONLine(a)
				require.NoError(t, err)
				lines = append(lines, line...)
				if format == files.FormatMarkdown {
					require.NotContains(t, tree, files.MarkdownName(a))
					tree[files.MarkdownName(a)] = &fstest.MapFile{Data: files.Markdown(a)}
				}
			}
			if format == files.FormatJSONL {
				tree["articles.jsonl"] = &fstest.MapFile{Data: lines}
			}
			report, err := kb.Import(t.Context(), files.FS(tree), retrieval.ImportOptions{Source: "again"})
			require.NoError(t, err)
			require.Equal(t, retrieval.Report{Unchanged: total}, report)

			fresh := newLibrary(t)
			report, err = fresh.Import(t.Context(), files.FS(tree), retrieval.ImportOptions{Source: "fresh"})
			require.NoError(t, err)
			require.Empty(t, report.Problems)
			end, err := fresh.Resolve(t.Context(), "two")
			require.NoError(t, err)
			require.Equal(t, "123", end)
		})
	}
}

func TestADryRunSaysWhatWouldChangeAndChangesNothing(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("same", "en", "Same", "Text."), article("changed", "ar", "تغيير", "قديم."), article("gone", "zh-Hans", "没有了", "文本。"))
	version, embedded := kb.version(), kb.embedded.Load()

	report, err := kb.Import(t.Context(), sequence(
		article("same", "en", "Same", "Text."), article("changed", "ar", "تغيير", "جديد."), article("new", "en", "New", "Text."),
	), retrieval.ImportOptions{DryRun: true, Prune: true, Source: "test"})
	require.NoError(t, err)
	require.Equal(t, retrieval.Report{
		Added: 1, Changes: []retrieval.ImportChange{
			{Action: retrieval.ImportUpdate, Locale: "ar", Slug: "changed"},
			{Action: retrieval.ImportAdd, Locale: "en", Slug: "new"},
			{Action: retrieval.ImportRemove, Locale: "zh-Hans", Slug: "gone"},
		}, Pruned: 1, Unchanged: 1, Updated: 1,
	}, report)
	require.Equal(t, version, kb.version())
	require.Equal(t, embedded, kb.embedded.Load())
}
