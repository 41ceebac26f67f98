package train_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/embed/train"
)

// small is a corpus that trains in a second: one of the project's own tables.
func small(t testing.TB) train.Corpus {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "parallel", "account.tsv"))
	require.NoError(t, err)
	rows, err := train.ParseOwn("account", content)
	require.NoError(t, err)
	return train.Corpus{Rows: rows}
}

func options(epochs int) train.Options {
	o := train.Defaults()
	o.Batch, o.Dimensions, o.Epochs, o.HoldOut, o.HoldOutOwn = 16, 16, epochs, 0, 0
	o.MinTexts, o.Rows, o.SectionPairs = 2, 2000, 2
	return o
}

func table(t testing.TB, corpus train.Corpus, o train.Options) ([]byte, *train.Result) {
	t.Helper()
	result, err := train.Train(t.Context(), corpus, o, nil)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, embed.WriteTable(&b, result.Header, result.Hashes, result.Rows))
	return b.Bytes(), result
}

func TestTableIsTheSameOnAnyNumberOfProcessors(t *testing.T) { //nolint:paralleltest // it sets the number for the process
	corpus, o := small(t), options(1)
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	one, _ := table(t, corpus, o)
	for _, processors := range []int{3} {
		runtime.GOMAXPROCS(processors)
		many, _ := table(t, corpus, o)
		require.True(t, bytes.Equal(one, many), "%d processors", processors)
	}
	o.Seed++
	other, _ := table(t, corpus, o)
	require.False(t, bytes.Equal(one, other), "the seed changes nothing")
}

func TestTrainingLearns(t *testing.T) {
	t.Parallel()
	corpus := small(t)
	still := options(1)
	still.Rate, still.RateEnd = 1e-9, 1e-9
	before, result := table(t, corpus, still)
	after, trained := table(t, corpus, options(5))
	require.Len(t, trained.Loss, 5)
	require.Less(t, trained.Loss[4], trained.Loss[0]/2)
	require.Less(t, result.Pairs, trained.Pairs)
	found := func(file []byte) train.Recall {
		table, err := embed.ReadTable(bytes.NewReader(file))
		require.NoError(t, err)
		return train.HeldOutRecall(embed.NewWithTable(table), corpus, corpus.Rows)[3] // own text, across languages
	}
	require.Greater(t, found(after).Questions, 200)
	require.Greater(t, found(after).Recall1, found(before).Recall1+0.1)
	require.Greater(t, found(after).Recall5, 0.9)
}

func TestHeldOutSectionsAreNotTrainedOn(t *testing.T) {
	t.Parallel()
	corpus, o := small(t), options(1)
	o.HoldOutOwn = 4
	_, result := table(t, corpus, o)
	require.NotEmpty(t, result.HeldOut)
	_, all := table(t, corpus, options(1))
	require.Less(t, result.Pairs, all.Pairs)
	held := make(map[string]int)
	for _, row := range result.HeldOut {
		held[row.Section]++
	}
	for _, row := range corpus.Rows {
		if _, ok := held[row.Section]; ok {
			held[row.Section]--
		}
	}
	for section, left := range held {
		require.Zero(t, left, "only a part of %s is held out", section)
	}
}

func TestTrainingStopsWhenTheCallerGoesAway(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := train.Train(ctx, small(t), options(1), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTooLittleTextIsSaid(t *testing.T) {
	t.Parallel()
	rows, err := train.ParseOwn("a", []byte("kind\ten\tko\nu\tFee\t수수료\nu\tFee\t수수료\n"))
	require.NoError(t, err)
	_, err = train.Train(t.Context(), train.Corpus{Rows: rows}, options(1), nil)
	require.ErrorContains(t, err, "batch")
	_, err = train.Train(t.Context(), train.Corpus{}, options(1), nil)
	require.ErrorContains(t, err, "too little text")
}

func TestOwnRowsNameTheirMistakes(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"en\tko\n":                    `a.tsv line 1: the first line must be "kind"`,
		"kind\ten\txx\n":              `"xx" is no language`,
		"kind\ten\ten\n":              `stands there twice`,
		"kind\ten\tko\nz\tFee\t수수료\n": `a.tsv line 2: a row begins with q, t, a or u, not "z"`,
		"kind\ten\tko\nq\t\t수수료\n":    `a.tsv line 2: the English text is missing`,
		"kind\ten\tko\n# s\nq\tFee\t수수료\tviel zu viel\n": `a.tsv line 3: 3 texts for 2 languages`,
	} {
		_, err := train.ParseOwn("a", []byte(content))
		require.ErrorContains(t, err, want)
	}
}

func FuzzParseOwn(f *testing.F) {
	f.Add([]byte("kind\ten\tko\n# refunds\nq\twhere is it\t어디\na\tFive days.\t5일\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, err := train.ParseOwn("a", content)
		for _, row := range rows {
			require.Len(t, row.Texts, len(train.Languages))
			require.NotEmpty(t, row.Section)
			require.NotEmpty(t, row.Texts[0])
		}
		_ = err // a mistake is reported beside the rows that are right
	})
}

// The languages that the public text has least of.
var complete = []string{"en", "zh-Hans", "zh-Hant", "ko", "vi", "tr", "ar"}

func TestOwnRowsAreCompleteWhereTextIsScarce(t *testing.T) {
	t.Parallel()
	var corpus train.Corpus
	require.NoError(t, corpus.ReadOwn("../parallel"))
	seen := make(map[string]string)
	for _, row := range corpus.Rows {
		for i, tag := range train.Languages {
			if slices.Contains(complete, tag) {
				require.NotEmpty(t, row.Texts[i], "%s has no %s", row.Key, tag)
			}
		}
		english := string(row.Kind) + row.Texts[0]
		require.Empty(t, seen[english], "%s says the same as %s", row.Key, seen[english])
		seen[english] = row.Key
	}
}

// Further rows are in fewer languages, but a row is in all that its table names.
func TestFurtherRowsAreCompleteAndAllTrainedOn(t *testing.T) {
	t.Parallel()
	var corpus train.Corpus
	require.NoError(t, corpus.ReadOwn("../parallel"))
	heldOut := len(corpus.HeldOut(train.Defaults()))
	require.Positive(t, heldOut)
	first := len(corpus.Rows)
	require.NoError(t, corpus.ReadFurther("../further"))
	require.Len(t, corpus.HeldOut(train.Defaults()), heldOut)
	seen := make(map[string]string)
	for i, row := range corpus.Rows {
		english := string(row.Kind) + row.Texts[0]
		require.Empty(t, seen[english], "%s says the same as %s", row.Key, seen[english])
		seen[english] = row.Key
		if i > first && row.Section == corpus.Rows[i-1].Section {
			for l, text := range row.Texts {
				require.Equal(t, corpus.Rows[i-1].Texts[l] == "", text == "", "%s, %s", row.Key, train.Languages[l])
			}
		}
	}
}

func TestArticlesAreAlignedByTheirHeadings(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(tag, content string) {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, tag), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, tag, "fees.md"), []byte(content), 0o600))
	}
	write("en", "---\nslug: fees\ntitle: Fees\n---\n\nThey are low.\n\n## Network fee\n\nIt depends.\n")
	write("ar", "---\nslug: fees\ntitle: الرسوم\n---\n\nمنخفضة.\n\n## رسوم الشبكة\n\nتختلف.\n")
	write("zh-Hans", "---\nslug: fees\ntitle: 费用\n---\n\n很低。\n") // older than the English version
	var corpus train.Corpus
	require.NoError(t, corpus.ReadArticles(folder))
	require.Len(t, corpus.Rows, 4)
	require.Equal(t, "Fees", corpus.Rows[0].Texts[0])
	require.Equal(t, "رسوم الشبكة", corpus.Rows[2].Texts[6])
	require.Equal(t, "It depends.", corpus.Rows[3].Texts[0])
	require.Equal(t, corpus.Rows[2].Section, corpus.Rows[3].Section)
	require.Empty(t, corpus.Rows[0].Texts[1], "blocks that do not match are not aligned")
}
