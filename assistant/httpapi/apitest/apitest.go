// Package apitest is what the tests of the HTTP interface and of the faces above it share: what the pipeline knows, loaded once
// for a process, and a small knowledge base. It knows no route and no page.
package apitest

import (
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/files"
)

// Deadline is how long a customer of a test waits: a busy machine is slow.
const Deadline = time.Minute

// Knowledge is what every test reads and none changes.
type Knowledge struct {
	Confidence confidence.Model
	Detector   *lang.Detector
	Guard      *guard.Guard
	Prompts    *prompts.Library
	Redactor   *redact.Redactor
	Triager    *triage.Triager
}

// Load returns what the tests of a process share: it takes a second to load.
func Load(t testing.TB) Knowledge {
	t.Helper()
	k, err := load()
	require.NoError(t, err)
	return k
}

var load = sync.OnceValues(func() (Knowledge, error) { //nolint:gochecknoglobals // see Load
	var k Knowledge
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	k.Confidence, e = confidence.Default()
	keep(e)
	k.Detector, e = lang.New()
	keep(e)
	k.Guard, e = guard.New()
	keep(e)
	k.Prompts, e = prompts.New()
	keep(e)
	k.Redactor, e = redact.New(redact.Config{})
	keep(e)
	taxonomy, e := intent.Default()
	keep(e)
	classifier, e := intent.Builtin(embed.New())
	keep(e)
	rules, e := risk.Default()
	keep(e)
	if err != nil {
		return k, err
	}
	k.Triager, err = triage.New(taxonomy, classifier, rules)
	return k, err
})

// articles are enough to answer and to hand off in three languages, and few enough to import for each test.
func articles() []string {
	return []string{
		"en/withdrawal-pending.md", "en/deposit-missing-memo.md", "en/trading-fees.md",
		"zh-Hans/withdrawal-pending.md", "zh-Hans/deposit-missing-memo.md",
		"ar/withdrawal-pending.md", "ar/deposit-missing-memo.md", "ar/trading-fees.md",
	}
}

// Articles is how many there are after Import.
const Articles = 8

// Builtin is the embedder that needs no network.
func Builtin() retrieval.EmbeddingModel {
	builtin := embed.New()
	return retrieval.EmbeddingModel{Dimensions: embed.Dimensions, Embed: builtin.Embed, Name: builtin.Name()}
}

// Import fills a knowledge base with a few of the sample articles.
func Import(t testing.TB, index *retrieval.Index) {
	t.Helper()
	tree := fstest.MapFS{}
	for _, name := range articles() {
		content, err := fs.ReadFile(retrieval.Sample(), name)
		require.NoError(t, err)
		tree[name] = &fstest.MapFile{Data: content}
	}
	_, err := index.Register(t.Context())
	require.NoError(t, err)
	report, err := index.Import(t.Context(), files.FS(tree), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	require.Equal(t, Articles, report.Added)
}
