package files_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func TestReadPathTakesAFolderOrAFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "a.md")
	require.NoError(t, os.WriteFile(file, []byte("---\nslug: a\nlocale: en\ntitle: A\n---\nText."), 0o600))
	for _, name := range []string{folder, file} {
		articles, err := files.Path(name)
		require.NoError(t, err)
		n := 0
		for a, err := range articles {
			require.NoError(t, err)
			require.Equal(t, "a", a.Slug)
			n++
		}
		require.Equal(t, 1, n)
	}
}

func TestReadPathRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	picture := filepath.Join(t.TempDir(), "a.png")
	require.NoError(t, os.WriteFile(picture, []byte("x"), 0o600))
	_, err := files.Path(picture)
	require.ErrorContains(t, err, "give a folder, or a file of Markdown")
	_, err = files.Path(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestEverySampleArticleIsValidAndExistsInEnglishAndChinese(t *testing.T) {
	t.Parallel()
	locales := make(map[string]map[string]bool)
	for a, err := range files.FS(retrieval.Sample()) {
		require.NoError(t, err)
		require.False(t, a.ReviewBy.IsZero(), a.File)
		require.NotEmpty(t, a.Intents, a.File)
		if locales[a.Slug] == nil {
			locales[a.Slug] = make(map[string]bool)
		}
		locales[a.Slug][a.Locale] = true
	}
	require.GreaterOrEqual(t, len(locales), 40)
	for slug, have := range locales {
		require.True(t, have["en"] && have["zh-Hans"], slug)
	}
}
