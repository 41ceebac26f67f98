package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

func TestReviewsAreMadeAtTheCommandLine(t *testing.T) {
	t.Parallel()
	d := openDesktop(t, func(ctx context.Context, a *app) (*system, error) { return openSystem(ctx, a, nil) })
	d.run(t, "agent", "add", "lea@quayside.example", "--role", "lead", "--name", "Lea", "--sso")
	d.run(t, "agent", "add", "max@quayside.example", "--role", "lead", "--name", "Max", "--sso")
	d.ask(t, "Someone logged into my account and withdrew my BTC", "我要投诉你们", "lost my phone with google authenticator, write to mia.chen@mail.example")

	require.Contains(t, d.refuse(t, exitFailed, "eval", "review", "sample", "--as", "Mia"), "leads and admins")
	require.Contains(t, d.refuse(t, exitUsage, "eval", "review", "sample", "--as", "Lea", "--size", "0"), "size")
	require.Contains(t, d.run(t, "eval", "review", "sample", "--as", "Lea"), "3 of 3 questions, 3 of them for the first time")
	require.Zero(t, decoded[online.Sample](t, d.run(t, "eval", "review", "sample", "--as", "Lea", "--json")).Added)
	require.Contains(t, d.refuse(t, exitUsage, "eval", "review", "export"), "no review is settled")

	todo := decoded[[]httpapi.Review](t, d.run(t, "eval", "review", "list", "--as", "Max", "--to-do", "--json"))
	require.Len(t, todo, 3)
	for _, r := range todo {
		require.Contains(t, d.run(t, "eval", "review", "show", r.ID.String(), "--as", "Max"), "choices: right_handoff, needless_handoff")
		d.run(t, "eval", "review", "label", "right_handoff", r.ID.String(), "--as", "Lea", "--note", "of course")
		require.NotContains(t, d.run(t, "eval", "review", "show", r.ID.String(), "--as", "Max"), "labels: right")
		require.Contains(t, d.run(t, "eval", "review", "label", "right_handoff", r.ID.String(), "--as", "Max"), "settled")
	}
	require.Contains(t, d.refuse(t, exitUsage, "eval", "review", "label", "correct_answer", todo[0].ID.String(), "--as", "Max"), "label takes")
	require.Contains(t, d.run(t, "eval", "review", "list", "--status", "settled"), "right_handoff, right_handoff")
	require.Contains(t, d.run(t, "eval", "review", "agreement"), "3 settled, 0 disputed, 0 open")

	path := filepath.Join(t.TempDir(), "reviews.yaml")
	require.Contains(t, d.run(t, "eval", "review", "export", "--out", path), "3 cases")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(content), "mia.chen")
	suite, err := evals.Open(path)
	require.NoError(t, err)
	require.Len(t, suite.Cases, 3)
}
