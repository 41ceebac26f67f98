package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

func TestEmbedderShowNamesSourcesAndLicences(t *testing.T) {
	t.Parallel()

	var header embed.Header
	require.NoError(t, json.Unmarshal([]byte(command(t, exitOK, "embedder", "show", "--json").out), &header))
	require.Equal(t, embed.New().Table(), header)

	text := command(t, exitOK, "embedder", "show").out
	require.Contains(t, text, embed.New().Name())
	for _, source := range header.Sources {
		require.Contains(t, text, source.Name)
		require.Contains(t, text, source.Licence)
	}
}

func TestEmbedderMistakesAreNamed(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	damaged := filepath.Join(folder, "desk.bin")
	require.NoError(t, os.WriteFile(damaged, []byte("not a table"), 0o600))
	require.Contains(t, command(t, exitUsage, "embedder", "show", damaged).err, "not a usable embedding table")

	own := filepath.Join(folder, "rows")
	require.NoError(t, os.Mkdir(own, 0o700))
	places := []string{"--articles", "../../retrieval/sample", "--termbase", "../../retrieval/termbase.tsv", "--own", own, "--out", damaged}
	train := func(more ...string) string {
		return command(t, exitUsage, append(append([]string{"embedder", "train"}, places...), more...)...).err
	}
	require.Contains(t, train(), "has no *.tsv file")
	require.NoError(t, os.WriteFile(filepath.Join(own, "a.tsv"), []byte("kind\ten\txx\n"), 0o600))
	require.Contains(t, train(), `a.tsv line 1: "xx" is no language`)
	require.Contains(t, train("--data", folder), "has no *.jsonl.gz file")
	require.Contains(t, train("--rows", "7"), "--rows must lie between")
	require.Contains(t, train("--dimensions", "24"), "--dimensions must be a multiple of 16")
	require.Contains(t, train("--epochs", "1000"), "--epochs must lie between")
	content, err := os.ReadFile(damaged)
	require.NoError(t, err)
	require.Equal(t, "not a table", string(content), "a training that fails leaves the file as it was")
}

func TestOwnRowsCanBeSearchedAsArticles(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	own, out := filepath.Join(folder, "rows"), filepath.Join(folder, "out")
	require.NoError(t, os.Mkdir(own, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(own, "a.tsv"), []byte("kind\ten\tzh-Hans\tar\n"+
		"u\tFee\t费用\t\n# refunds\nt\tRefunds\t退款\t\nq\twhere is it\t在哪里\tأين هو\na\tFive days.\t五天。\t\na\tBy card.\t\t\n"), 0o600))
	command(t, exitOK, "embedder", "measure", "--own", own, "--ask", "all", "--out", out)
	articles, err := readRows[evals.ArticleRow](filepath.Join(out, "kb.jsonl"))
	require.NoError(t, err)
	require.Equal(t, []evals.ArticleRow{{
		Body: "Five days.\n\nBy card.\n\n", ID: "a/refunds", Key: "a/refunds", Lang: "en", Title: "Refunds",
	}}, articles)
	questions, err := readRows[evals.QuestionRow](filepath.Join(out, "queries.jsonl"))
	require.NoError(t, err)
	require.Equal(t, []evals.QuestionRow{
		{ID: "a/refunds:2:en", Lang: "en", Query: "where is it", Relevant: "a/refunds"},
		{ID: "a/refunds:2:zh-Hans", Lang: "zh-Hans", Query: "在哪里", Relevant: "a/refunds"},
		{ID: "a/refunds:2:ar", Lang: "ar", Query: "أين هو", Relevant: "a/refunds"},
	}, questions)
}

func TestOwnTableIsAnotherEmbeddingModel(t *testing.T) {
	t.Parallel()

	rows := filepath.Join("..", "..", "retrieval", "embed", "parallel")
	file := filepath.Join(t.TempDir(), "desk.bin")
	table, err := os.Create(file)
	require.NoError(t, err)
	features := embed.NewFeatures()
	hashes := []uint64{features.Cut("fee", nil)[0], features.Cut("费", nil)[0]}
	vectors := [][]float32{make([]float32, 16), make([]float32, 16)}
	copy(vectors[0], []float32{1, 0, -1, 0.5})
	copy(vectors[1], []float32{0, 1, 0, 0, -2, 0.1})
	require.NoError(t, embed.WriteTable(table, embed.Header{Dimensions: 16, Features: features.Fingerprint()}, hashes, vectors))
	require.NoError(t, table.Close())

	own, err := openTable(config{EmbedderTable: file})
	require.NoError(t, err)
	require.Equal(t, 16, own.Dimensions())
	require.NotEqual(t, embed.New().Name(), own.Name())
	opener, err := newModelOpener(&app{config: config{EmbedderTable: file}})
	require.NoError(t, err)
	for _, name := range []string{own.Name(), embed.New().Name()} {
		model, ok, err := opener.model(retrieval.ModelInfo{Name: name})
		require.NoError(t, err)
		require.True(t, ok, "both can be searched by: a desk changes from one to the other without a gap")
		require.Equal(t, name, model.Name)
	}
	_, ok, err := opener.model(retrieval.ModelInfo{Name: builtinPrefix + "-2-00000000"})
	require.NoError(t, err)
	require.False(t, ok)
	require.Contains(t, command(t, exitOK, "--embedder-table", file, "embedder", "show").out, own.Name())
	require.Contains(t, command(t, exitUsage, "embedder", "measure", "--own", rows, "--ask", "nothing").err, "no question in")
}

func TestUnusableTableEndsTheProgramWithItsReason(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	other := filepath.Join(folder, "other.bin")
	table, err := os.Create(other)
	require.NoError(t, err)
	require.NoError(t, embed.WriteTable(table, embed.Header{Dimensions: 16, Features: "000000"}, []uint64{7}, [][]float32{make([]float32, 16)}))
	require.NoError(t, table.Close())
	require.Contains(t, command(t, exitUsage, "--embedder-table", other, "embedder", "show").err, "train it again")

	damaged := filepath.Join(folder, "damaged.bin")
	content, err := os.ReadFile(other)
	require.NoError(t, err)
	content[len(content)-1] ^= 1
	require.NoError(t, os.WriteFile(damaged, content, 0o600))
	require.Contains(t, command(t, exitUsage, "--embedder-table", damaged, "embedder", "measure", "--own", folder).err, "checksum")
	require.Contains(t, command(t, exitUsage, "--embedder-table", filepath.Join(folder, "none.bin"), "embedder", "show").err, "embedder-table")
}
