package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// terminal runs commands of the program on one database.
type terminal struct {
	t   *testing.T
	url string
}

// do runs a command and requires its exit code.
func (m terminal) do(code int, args ...string) (stdout, stderr string) {
	m.t.Helper()
	printed := command(m.t, code, append([]string{"--database-url", m.url}, args...)...)
	return printed.out, printed.err
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

func TestArticlesLiveOnTheCommandLine(t *testing.T) { //nolint:tparallel // its subtests are steps of one story
	t.Parallel()

	m := terminal{t: t, url: pgtest.EmptyURL(t)}
	folder := t.TempDir()
	front := "---\nslug: alerts\nlocale: en\ntitle: Set a price alert\nreview_by: 2099-12-31\n---\n"
	write(t, folder, "alerts.md", front+"Touch the bell.")
	write(t, folder, "zh.html", `<html lang="zh-CN"><title>价格提醒</title><link rel="canonical" href="/zh/alerts"><main><h1>价格提醒</h1><p>点击铃铛。</p></main>`)

	t.Run("ADryRunChangesNothing", func(t *testing.T) {
		m.t = t
		out, _ := m.do(exitOK, "kb", "import", "--dry-run", folder)
		require.Contains(t, out, "add\talerts\ten\talerts.md\n")
		require.Contains(t, out, "2 to add, 0 to update")
		out, _ = m.do(exitOK, "kb", "list")
		require.NotContains(t, out, "alerts")
	})
	t.Run("OneBadFileMakesTheExitCodeOne", func(t *testing.T) {
		m.t = t
		write(t, folder, "bad.md", "---\nslug: [\n")
		out, errs := m.do(exitFailed, "kb", "import", folder)
		require.Contains(t, out, "2 added")
		require.Contains(t, errs, "bad.md:1: the front matter does not end; close it with a line of ---")
		require.NoError(t, os.Remove(filepath.Join(folder, "bad.md")))
	})
	t.Run("HistoryDiffAndRestore", func(t *testing.T) {
		m.t = t
		write(t, folder, "alerts.md", front+"Touch the clock.")
		m.do(exitOK, "kb", "import", folder)
		out, _ := m.do(exitOK, "kb", "history", "alerts", "--locale", "en")
		require.Regexp(t, `en +2 .* cli +published, live`, out)
		out, _ = m.do(exitOK, "kb", "diff", "alerts", "1")
		require.Contains(t, out, "-Touch the bell.\n+Touch the clock.\n")
		m.do(exitOK, "kb", "restore", "alerts", "1")
		out, _ = m.do(exitOK, "kb", "show", "alerts")
		require.Contains(t, out, "version 3")
		require.Contains(t, out, "Touch the bell.")
	})
	t.Run("RedirectsLeadToTheArticle", func(t *testing.T) {
		m.t = t
		m.do(exitOK, "kb", "redirect", "bells", "alerts")
		_, errs := m.do(exitFailed, "kb", "redirect", "alerts", "bells")
		require.Contains(t, errs, "an article has that slug")
		out, _ := m.do(exitOK, "kb", "show", "bells")
		require.Contains(t, out, "Touch the bell.")
		m.do(exitUsage, "kb", "redirect", "one")
	})
	t.Run("AnExportImportsAsUnchanged", func(t *testing.T) {
		m.t = t
		for _, format := range []string{"markdown", "jsonl"} {
			target := filepath.Join(t.TempDir(), "new")
			m.do(exitOK, "kb", "export", "--format", format, target)
			out, _ := m.do(exitOK, "kb", "import", target)
			require.Contains(t, out, "0 added, 0 updated, 2 unchanged")
		}
	})
	t.Run("LintSaysErrorsByItsExitCode", func(t *testing.T) {
		m.t = t
		m.do(exitOK, "kb", "lint")
		write(t, folder, "alerts.md", front+"See [this](missing.md).")
		out, _ := m.do(exitFailed, "kb", "lint", "--json", folder)
		require.Contains(t, out, `"check": "dead-link"`)
		require.Contains(t, out, `"errors": 1`)
	})
}

func TestAServiceFollowsToAnotherEmbeddingModel(t *testing.T) {
	t.Parallel()

	model := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	url := pgtest.EmptyURL(t)
	env := []string{"DATABASE_URL=" + url, "OPENAI_BASE_URL=" + model.BaseURL(), "DESKHAND_CHAT_MODEL=stand-in"}
	p := startProgram(t, env, "--sample")
	require.Zero(t, model.Count(llmtest.Embeddings), "the built-in embedder made the first vectors")

	model.Script(llmtest.Embeddings, llmtest.Status(http.StatusServiceUnavailable), llmtest.Status(http.StatusTooManyRequests))
	out := runProgram(t, env, "kb", "reindex", "--model", "large", "--dimensions", "256", "--drop-old")
	require.Contains(t, out, "the desk searches by large")
	require.Contains(t, out, "1 other models dropped")
	filled := model.Count(llmtest.Embeddings)
	require.Greater(t, filled, 10)
	require.Eventually(t, func() bool {
		p.ask(t, "whats the taker fee for spot")
		return model.Count(llmtest.Embeddings) > filled
	}, answerWait, followInterval/4, "the service embeds the question with the new model")

	out = runProgram(t, env, "kb", "reindex", "--model", "large", "--dimensions", "256")
	require.Contains(t, out, "0 vectors made")
	out = runProgram(t, env, "kb", "import", "--sample")
	require.Contains(t, out, "346 unchanged", "a command without --embedding-model works with the desk's model")
}

func TestAnImportThroughAModelThatFailsSaysWhatToDo(t *testing.T) {
	t.Parallel()

	model := llmtest.New(t)
	m := terminal{t: t, url: pgtest.EmptyURL(t)}
	folder := t.TempDir()
	for slug, body := range map[string]string{"one": "Touch the bell.", "two": "点击铃铛。", "three": "المس الجرس."} {
		write(t, folder, slug+".md", "---\nslug: "+slug+"\nlocale: en\ntitle: "+slug+"\n---\n"+body)
	}
	through := []string{
		"--openai-base-url", model.BaseURL(), "--chat-model", "stand-in", "--embedding-model", "stand-in", "--embedding-dimensions", "32",
		"kb", "import", folder,
	}

	model.Always(llmtest.Embeddings, llmtest.Status(http.StatusUnauthorized))
	_, errs := m.do(exitFailed, through...)
	require.Equal(t, 1, model.Count(llmtest.Embeddings), "a wrong key is no fault of a text")
	require.Contains(t, errs, "Stopped. What was imported stays; run the same command again to go on.")
	require.NotContains(t, errs, "one.md")

	model.Heal(llmtest.Embeddings)
	// All three are refused, then two of them, then the second of these alone.
	model.Script(llmtest.Embeddings, llmtest.Status(http.StatusBadRequest), llmtest.Fault{}, llmtest.NotFinite(), llmtest.Fault{}, llmtest.WrongSize())
	out, errs := m.do(exitFailed, through...)
	require.Contains(t, out, "2 added")
	require.Contains(t, out, "1 with problems")
	require.Contains(t, errs, `two.md:1: body: passage 1 ("点击铃铛。") cannot be embedded: `)

	out, _ = m.do(exitOK, through...)
	require.Contains(t, out, "1 added, 0 updated, 2 unchanged")
}

func TestAReindexNamesWhatTheModelCannotEmbedAndKeepsTheDesksModel(t *testing.T) {
	t.Parallel()

	model := llmtest.New(t)
	m := terminal{t: t, url: pgtest.EmptyURL(t)}
	folder := t.TempDir()
	for locale, body := range map[string]string{"en": "Touch the bell.", "zh-Hans": "点击铃铛。", "ar": "المس الجرس."} {
		write(t, folder, locale+".md", "---\nslug: alerts\nlocale: "+locale+"\ntitle: Alerts\n---\n"+body)
	}
	m.do(exitOK, "kb", "import", folder)
	through := []string{
		"--openai-base-url", model.BaseURL(), "--chat-model", "stand-in",
		"kb", "reindex", "--model", "large", "--dimensions", "32",
	}

	// All three are refused, then the first works; of the other two one has a vector that is none, the other of a wrong length.
	bad := []llmtest.Fault{llmtest.Status(http.StatusBadRequest), {}, llmtest.NotFinite(), llmtest.NotFinite(), llmtest.WrongSize()}
	model.Script(llmtest.Embeddings, bad...)
	out, errs := m.do(exitFailed, append(through, "--drop-old")...)
	require.Contains(t, out, "1 vectors made in ")
	require.Contains(t, out, "; the desk searches by builtin")
	require.Contains(t, out, "2 passages lack a vector of large: change them and run the same command again")
	require.NotContains(t, out, "dropped")
	require.Equal(t, 2, strings.Count(errs, ": passage 1 ("))
	require.Contains(t, errs, "alerts (zh-Hans): passage 1 (\"点击铃铛。\") cannot be embedded: ")
	require.Contains(t, errs, "alerts (")

	// Two are left; one of them is refused again, and is left out.
	model.Script(llmtest.Embeddings, llmtest.Status(http.StatusBadRequest), llmtest.Fault{}, llmtest.WrongSize())
	out, _ = m.do(exitFailed, append(through, "--allow-missing", "--json")...)
	var report reindexReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, "large", report.Serving)
	require.Equal(t, 1, report.Made)
	require.Len(t, report.Missing, 1)
	require.Equal(t, "alerts", report.Missing[0].Slug)
	require.Equal(t, 1, report.Missing[0].Passage)

	out, _ = m.do(exitOK, through...)
	require.Contains(t, out, "1 vectors made in ")
	require.Contains(t, out, "; the desk searches by large")
}
