package main

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func TestAnArticleIsCheckedBeforeItGoesLive(t *testing.T) {
	t.Parallel()
	d := openDesktop(t, func(ctx context.Context, a *app) (*system, error) { return openSystem(ctx, a, nil) })
	fees, err := fs.ReadFile(retrieval.Sample(), "en/trading-fees.md")
	require.NoError(t, err)
	folder := fstest.MapFS{"trading-fees.md": {Data: fees}}
	require.NoError(t, importArticles(t.Context(), d.system.app, d.system.index, files.FS(folder), retrieval.ImportOptions{Source: "fees"}))
	suite := evals.Suite{Name: "gate", KB: evals.SampleKB, Cases: []evals.Case{{
		ID: "fees", Conversation: []string{"What is the spot trading fee of makers and takers?"}, Locale: "en",
		Expect: evals.Expect{Article: "trading-fees", Outcome: assistant.OutcomeAnswered},
	}}}
	check := func(change func(*retrieval.Article)) online.Check {
		t.Helper()
		stored, err := d.system.index.ArticleVersion(t.Context(), "trading-fees", "en", 0)
		require.NoError(t, err)
		article := retrieval.Article{
			Audience: stored.Audience, Body: stored.Body, Intents: stored.Intents, Locale: "en", Slug: stored.Slug, Status: stored.Status, Title: stored.Title,
		}
		change(&article)
		enqueued := uuid.Nil
		id, err := d.system.online().AskCheck(t.Context(), desk.Actor{ID: uuid.New(), Lead: true}, article, func(_ context.Context, _ pgx.Tx, id uuid.UUID) error {
			enqueued = id
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, id, enqueued)
		scratch := func(_ context.Context, work func(string) error) error { return work(pgtest.EmptyURL(t)) } //nolint:contextcheck // the tests' role creates none
		require.NoError(t, checker{scratch: scratch, suite: suite, system: d.system}.CheckArticle(t.Context(), id))
		done, err := d.system.online().Check(t.Context(), id)
		require.NoError(t, err)
		return done
	}

	same := check(func(*retrieval.Article) {})
	require.Equal(t, online.CheckPassed, same.Status, same.Problem)
	require.Equal(t, []int{2, 2}, []int{same.Done, same.Total})
	worse := check(func(a *retrieval.Article) { a.Body, a.Title = strings.Repeat("Nothing to see here. ", 20), "Empty" })
	require.Equal(t, online.CheckFailed, worse.Status)
	require.Equal(t, "fees", worse.Gate.Comparison.Worse[0].ID)
	broken := check(func(a *retrieval.Article) { a.Title = "" })
	require.Equal(t, online.CheckBroken, broken.Status)
	require.Contains(t, broken.Problem, "title")

	stored, err := d.system.index.ArticleVersion(t.Context(), "trading-fees", "en", 0)
	require.NoError(t, err)
	require.Equal(t, 1, stored.Number, "nothing was published")
}
