package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func writeShadow(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "candidate.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// counts are the rows of what a customer or an agent could see.
func (d *desktop) counts(t *testing.T) string {
	t.Helper()
	var text string
	require.NoError(t, d.system.pool.QueryRow(t.Context(), `SELECT concat_ws(' ', (SELECT count(*) FROM messages), (SELECT count(*) FROM tickets),
		(SELECT count(*) FROM runs), (SELECT count(*) FROM drafts), (SELECT string_agg(outcome || reply_id, ' ' ORDER BY id) FROM runs),
		(SELECT count(*) FROM webhook_events), (SELECT count(*) FROM river_job), (SELECT sum(prompt_tokens) FROM runs))`).Scan(&text))
	return text
}

func TestACandidateThatAlwaysAnswersReachesNobody(t *testing.T) {
	t.Parallel()
	d := openDesktop(t, func(ctx context.Context, a *app) (*system, error) { return openSystem(ctx, a, nil) })
	policy := assistant.DefaultPolicy()
	policy.AutoReply = false
	_, err := d.system.store.SetPolicy(t.Context(), policy, 0, "test")
	require.NoError(t, err)
	fees, err := fs.ReadFile(retrieval.Sample(), "en/trading-fees.md")
	require.NoError(t, err)
	folder := fstest.MapFS{"trading-fees.md": {Data: fees}}
	require.NoError(t, importArticles(t.Context(), d.system.app, d.system.index, files.FS(folder), retrieval.ImportOptions{Source: "fees"}))
	// The desk hands everything over; the candidate answers whatever it has an article for.
	bold, err := openShadow(writeShadow(t, "name: bold\nshare: 1\npolicy: {auto_reply: true, mode: auto, min_confidence: 0.01}\n"), d.system.config)
	require.NoError(t, err)
	registry := newRegistry()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, d.system.shadow(ctx, bold, registry))
	d.ask(t, "What are the trading fees for makers and takers?", "lost my phone with google authenticator cant log in anymore")
	before := d.counts(t)
	require.Eventually(t, func() bool {
		views := decoded[[]httpapi.ShadowView](t, d.run(t, "eval", "shadow", "--json"))
		return len(views) == 1 && views[0].Report.Questions == 2
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, before, d.counts(t), "nothing of the desk has changed")
	view := decoded[[]httpapi.ShadowView](t, d.run(t, "eval", "shadow", "--json"))[0]
	require.Zero(t, view.Report.Failed)
	require.Equal(t, map[assistant.Outcome]int{assistant.OutcomeAnswered: 1, assistant.OutcomeHandedOff: 1},
		view.Report.Table[assistant.OutcomeHandedOff], "the candidate answers, and its answer is read by nobody; a lost phone is a person's for it too")
	require.NotEmpty(t, view.Differences[0].Body)
	require.Contains(t, d.run(t, "eval", "shadow", view.Report.Candidate), "DESK \\ CANDIDATE")
	require.Contains(t, d.refuse(t, exitFailed, "eval", "shadow", "nobody@0"), "candidate not found")
}

func TestAFileOfACandidateIsCheckedWithItsField(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"name: Bold\nshare: 1\npolicy: {}\n":                                  "name is",
		"name: bold\nshare: 1.5\npolicy: {}\n":                                "share is 1.5",
		"name: bold\nshare: 0.5\n":                                            "nothing differs",
		"name: bold\nshare: 0.5\npolicy: {mode: sometimes}\n":                 "policy:",
		"name: bold\nshare: 0.5\nchat_model: x\nproviders: nothing.yaml\n":    "nothing.yaml",
		"name: bold\nshare: 0.5\nprompt: nothing.tmpl\n":                      "nothing.tmpl",
		"name: bold\nshare: 0.5\nbudget_usd: -1\npolicy: {}\n":                "budget_usd",
		"name: bold\nshare: 0.5\nsurprise: 1\n":                               "surprise",
		"name: bold\nshare: 0.5\npolicy: {}\nprice_per_million: {prompt: -1}": "price_per_million",
	} {
		_, err := readShadow(writeShadow(t, content))
		require.ErrorContains(t, err, want)
		require.ErrorIs(t, err, errConfig)
	}
	small := writeShadow(t, "name: small\nshare: 0.5\nchat_model: small\nbudget_usd: 1\n")
	for want, settings := range map[string]config{"need a model": {}, "price_per_million": {OpenAIBaseURL: "http://localhost:1/v1"}} {
		_, err := openShadow(small, settings)
		require.ErrorContains(t, err, want)
		require.ErrorIs(t, err, errConfig)
	}
}

func FuzzParseShadow(f *testing.F) {
	f.Add("name: bold\nshare: 0.1\npolicy: {}\nprice_per_million: {prompt: 1, completion: 2}\n")
	f.Add("share: .nan\nname: x")
	f.Add("name: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "candidate.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		file, err := readShadow(path)
		if err != nil {
			require.ErrorIs(t, err, errConfig)
			return
		}
		require.Regexp(t, shadowName, file.Name)
		require.True(t, file.Share >= 0 && file.Share <= 1, file.Share)
	})
}
