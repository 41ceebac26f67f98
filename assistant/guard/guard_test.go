package guard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

const sampleFolder = "../../retrieval/sample"

func sampleRegistry(t testing.TB) Registry {
	t.Helper()
	file, err := os.Open(filepath.Join(sampleFolder, "channels.yaml"))
	require.NoError(t, err)
	defer file.Close()
	channels, err := ParseChannels(file, "channels.yaml")
	require.NoError(t, err)
	return NewRegistry(channels)
}

func newGuard(t testing.TB) *Guard {
	t.Helper()
	g, err := New()
	require.NoError(t, err)
	return g
}

// sampleArticle is a published article of the sample knowledge base.
type sampleArticle struct{ body, locale, path string }

func sampleArticles(t testing.TB) []sampleArticle {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(sampleFolder, "*", "*.md"))
	require.NoError(t, err)
	var articles []sampleArticle
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		parts := strings.SplitN(string(content), "\n---\n", 2)
		require.Len(t, parts, 2, path)
		if !strings.Contains(parts[0], "audience: public") || !strings.Contains(parts[0], "status: published") {
			continue
		}
		articles = append(articles, sampleArticle{body: strings.TrimSpace(parts[1]), locale: filepath.Base(filepath.Dir(path)), path: path})
	}
	require.NotEmpty(t, articles)
	return articles
}

// asDraft cites the whole article for each of its lines, as the extractive drafter does.
func (a sampleArticle) asDraft() Text {
	text := Text{Body: a.body, Language: a.locale}
	for line := range strings.Lines(a.body) {
		if line = strings.TrimSpace(line); line != "" {
			text.Sentences = append(text.Sentences, Sentence{Sources: []string{a.body}, Text: line})
		}
	}
	return text
}

func TestPublishedArticlesMayBeQuoted(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	for _, article := range sampleArticles(t) {
		for _, finding := range g.Check(article.asDraft(), registry) {
			t.Errorf("%s: %s: %s", article.path, finding.Check, finding.Detail)
		}
	}
}

func TestFixedTextsMayBeSent(t *testing.T) {
	t.Parallel()
	g, registry := newGuard(t), sampleRegistry(t)
	paths, err := filepath.Glob("../../prompts/texts/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		var texts map[string]string
		require.NoError(t, yaml.Unmarshal(content, &texts))
		for key, text := range texts {
			for _, finding := range g.Check(Text{Body: text, Language: strings.TrimSuffix(filepath.Base(path), ".yaml")}, registry) {
				t.Errorf("%s: %s: %s: %s", filepath.Base(path), key, finding.Check, finding.Detail)
			}
		}
	}
}
