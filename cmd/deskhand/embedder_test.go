package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

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
	content, err := os.ReadFile(damaged)
	require.NoError(t, err)
	require.Equal(t, "not a table", string(content), "a training that fails leaves the file as it was")
}
