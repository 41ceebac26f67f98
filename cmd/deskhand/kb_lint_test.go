package main

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
	"github.com/deskhand/deskhand/retrieval/lint"
)

var update = flag.Bool("update", false, "write the golden files") //nolint:gochecknoglobals // a test flag has to be one

// sampleLint are the options for the sample articles on a day on which two of them are stale.
func sampleLint(t *testing.T) lint.Options {
	t.Helper()
	file, err := retrieval.Sample().Open(channelsFile)
	require.NoError(t, err)
	channels, err := guard.ParseChannels(file, channelsFile)
	require.NoError(t, err)
	g, err := guard.New()
	require.NoError(t, err)
	taxonomy, err := intent.Default()
	require.NoError(t, err)
	options := lint.Options{
		DueWithin: 30 * 24 * time.Hour, Hosts: officialHosts(channels), Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		Text: lintText(g, guard.NewRegistry(channels)),
	}
	for _, i := range taxonomy.Intents() {
		options.Intents = append(options.Intents, i.ID)
	}
	return options
}

func TestLintOfTheSampleFindsWhatIsWrongThereOnPurpose(t *testing.T) {
	t.Parallel()

	const golden = "testdata/sample.lint"
	var articles []retrieval.Article
	for a, err := range files.FS(retrieval.Sample()) {
		require.NoError(t, err)
		articles = append(articles, a)
	}
	var found bytes.Buffer
	require.NoError(t, writeFindings(&found, lint.Check(articles, sampleLint(t))))
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(golden, found.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), found.String())
}

func TestLintJudgesWordsAsTheGuardDoes(t *testing.T) {
	t.Parallel()

	options := sampleLint(t)
	for _, test := range []struct {
		body, check, locale string
		level               lint.Level
	}{
		{"To unlock the account, send us your seed phrase.", "secret_request", "en", lint.Error},
		{"请把您的助记词发送给我们。", "secret_request", "zh-Hans", lint.Error},
		{"أرسل لنا عبارة الاسترداد الخاصة بك.", "secret_request", "ar", lint.Error},
		{"Write to https://quayside-help.example", "link", "en", lint.Error},
		{"Write to help@somewhere.example", "email", "en", lint.Warning},
	} {
		findings := options.Text(retrieval.Article{Body: test.body, Locale: test.locale, Title: "Title"})
		require.Len(t, findings, 1, test.body)
		require.Equal(t, test.check, findings[0].Check)
		require.Equal(t, test.level, findings[0].Level)
	}
	require.Empty(t, options.Text(retrieval.Article{Body: "Never send your seed phrase to anybody.", Locale: "en", Title: "Title"}))
}
