package lang_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/lang"
)

// typedRows are the phrases of the package and a few neighbours: enough to fit every class.
func typedRows(t *testing.T) []lang.Row {
	t.Helper()
	rows := []lang.Row{
		{Class: "und", Text: "unde sunt banii mei, nu pot retrage"},
		{Class: "und", Text: "защо тегленето още не е пристигнало"},
	}
	paths, err := filepath.Glob("phrases/*.txt")
	require.NoError(t, err)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		class := strings.TrimSuffix(filepath.Base(path), ".txt")
		for line := range strings.Lines(string(content)) {
			rows = append(rows, lang.Row{Class: class, Text: strings.TrimSpace(line), Typed: true})
		}
	}
	return rows
}

// Not parallel: it sets the number of CPUs of the process.
func TestTrainGivesTheSameBytesOnAnyNumberOfCPUs(t *testing.T) {
	rows, options := typedRows(t), lang.Options{Draws: 300}
	sources := []lang.Source{{Name: "test", Licence: "MIT", Rows: len(rows)}}
	first, err := lang.Train(rows, sources, options)
	require.NoError(t, err)
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	second, err := lang.Train(rows, sources, options)
	require.NoError(t, err)
	require.True(t, bytes.Equal(first, second), "the weight files differ")

	d, err := lang.Load(first)
	require.NoError(t, err)
	require.Equal(t, "de", d.Detect("meine auszahlung kommt nicht an", lang.Hint{}).Tag)
}

func TestTrainNamesTheClassThatHasNoText(t *testing.T) {
	t.Parallel()
	_, err := lang.Train([]lang.Row{{Class: "en", Text: "where is my money"}}, nil, lang.Options{Draws: 1})
	require.ErrorIs(t, err, lang.ErrNoText)
	require.ErrorContains(t, err, `"vi"`)
}

func TestReadSourcesNeedsParallelText(t *testing.T) {
	t.Parallel()
	_, _, err := lang.ReadSources(t.TempDir())
	require.ErrorIs(t, err, lang.ErrNoText)
}

func TestWeightFileSaysWhatItIsMadeOf(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("weights.bin")
	require.NoError(t, err)
	require.LessOrEqual(t, len(file), lang.MaxFileSize)
	head := string(file[:4096])
	require.True(t, strings.HasPrefix(head, "deskhand-lang 1\n"))
	for _, want := range []string{`"version":1`, `"sources":`, `"licence":"MIT"`, "parallel/ethereum_org_md.jsonl.gz", `"seed":1`} {
		require.Contains(t, head, want)
	}
}

func TestLoadRefusesADamagedFile(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("weights.bin")
	require.NoError(t, err)
	flipped := append([]byte(nil), file...)
	flipped[len(flipped)/2] ^= 1
	for name, damaged := range map[string][]byte{
		"empty": nil, "short": file[:40], "cut": file[:len(file)-1], "flipped": flipped, "longer": append(flipped, 0),
		"foreign": []byte(strings.Repeat("not a weight file ", 100)), "huge": make([]byte, lang.MaxFileSize+1),
	} {
		_, err := lang.Load(damaged)
		require.ErrorIs(t, err, lang.ErrCorrupt, name)
	}
}

func TestPhrasesAreEnoughAndTheirOwnLanguage(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	hits, total := map[string]int{}, map[string]int{}
	for _, row := range typedRows(t) {
		tag := strings.TrimSuffix(row.Class, "-Latn")
		total[row.Class]++
		if d.Detect(row.Text, lang.Hint{Conversation: tag}).Tag == tag {
			hits[row.Class]++
		}
	}
	for _, tag := range lang.Supported() {
		require.GreaterOrEqual(t, total[tag], 150, tag)
	}
	for class, n := range total {
		require.GreaterOrEqual(t, float64(hits[class])/float64(n), 0.97, class)
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := lang.New()
		require.NoError(b, err)
	}
}
