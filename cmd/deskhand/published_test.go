package main

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// What an agent's text may rest on is what a customer may read now: no internal article, no stale one, none that is gone.
func TestOnlyWhatACustomerMayReadSupportsAnAgentsText(t *testing.T) {
	t.Parallel()

	a := testApp(t, config{DatabaseURL: pgtest.EmptyURL(t), RequestDeadline: time.Minute})
	s, err := openSystem(t.Context(), a, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(t.Context())) })
	article := func(slug, more string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("---\nslug: " + slug + "\nlocale: en\ntitle: About " + slug + "\n" + more +
			"status: published\n---\n\nText of " + slug + ".\n")}
	}
	_, err = s.index.Import(t.Context(), files.FS(fstest.MapFS{
		"en/open.md":  article("open", "audience: public\n"),
		"en/inner.md": article("inner", "audience: internal\n"),
		"en/stale.md": article("stale", "audience: public\nreview_by: 2001-01-01\n"),
	}), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)

	cite := func(slug, locale string) assistant.Citation { return assistant.Citation{Locale: locale, Slug: slug} }
	texts, err := s.published(t.Context(), []assistant.Citation{
		cite("inner", "en"), cite("gone", "en"), cite("open", "ar"), cite("stale", "en"), cite("open", "en"),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"About open\n\nText of open."}, texts)

	nothing, err := s.published(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, nothing)
}
