package archive_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

var now = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func hash(letter string) string { return strings.Repeat(letter, 64) }

func result(repeat int) evals.Result {
	return evals.Result{
		Case: evals.Case{ID: "one", Conversation: []string{"提币多久?"}}, Checks: []evals.Check{{Name: "outcome", Passed: repeat == 0}},
		CostUSD: 0.25, Ending: evals.CorrectAnswer, Repeat: repeat, Trace: &evals.Trace{Retrieved: []evals.Retrieved{{Slug: "a"}}},
	}
}

func TestArchiveKeepsRunsWithTheirResults(t *testing.T) {
	t.Parallel()

	kept := archive.New(pgtest.DB(t), func() time.Time { return now })
	run, err := kept.Begin(t.Context(), archive.Run{
		Cases: 2, Fingerprint: hash("a"), Repeats: 2, Seed: 7, Settings: map[string]string{"version": "x"}, Suite: "s", SuiteHash: hash("b"),
	})
	require.NoError(t, err)
	require.NoError(t, kept.Add(t.Context(), run.ID, hash("1"), result(0)))
	require.NoError(t, kept.Add(t.Context(), run.ID, hash("2"), result(1)))
	require.NoError(t, kept.Add(t.Context(), run.ID, hash("1"), result(0)), "again is no error")

	stored, err := kept.Run(t.Context(), run.ID)
	require.NoError(t, err)
	require.Equal(t, archive.StatusRunning, stored.Status)
	require.Equal(t, []any{2, 1, 0.5, int64(7), "x"}, []any{stored.Done, stored.Passed, stored.CostUSD, stored.Seed, stored.Settings["version"]})
	results, err := kept.Results(t.Context(), run.ID)
	require.NoError(t, err)
	require.Equal(t, []evals.Result{result(0), result(1)}, results)

	require.NoError(t, kept.End(t.Context(), run.ID, archive.StatusStopped))
	require.NoError(t, kept.Resume(t.Context(), run.ID))
	require.NoError(t, kept.End(t.Context(), run.ID, archive.StatusFinished))
	runs, err := kept.Runs(t.Context(), archive.Filter{Limit: 5, Suite: "s"})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, archive.StatusFinished, runs[0].Status)
	require.True(t, runs[0].EndedAt.Equal(now))
	none, err := kept.Runs(t.Context(), archive.Filter{Suite: "other"})
	require.NoError(t, err)
	require.Empty(t, none)

	n, err := kept.Delete(t.Context(), []int64{run.ID, 99})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = kept.Run(t.Context(), run.ID)
	require.ErrorIs(t, err, archive.ErrNoRun)
	_, known, err := kept.Recall(t.Context(), hash("1"))
	require.NoError(t, err)
	require.False(t, known, "with its run a response is forgotten")
}

func TestArchiveRecallsTheNewestResponseOfAKey(t *testing.T) {
	t.Parallel()

	kept := archive.New(pgtest.DB(t), func() time.Time { return now })
	for _, intent := range []string{"old", "new"} {
		run, err := kept.Begin(t.Context(), archive.Run{Cases: 1, Fingerprint: hash("a"), Repeats: 1, Suite: "s", SuiteHash: hash("b")})
		require.NoError(t, err)
		r := result(0)
		r.Intent = intent
		require.NoError(t, kept.Add(t.Context(), run.ID, hash("1"), r))
	}
	got, known, err := kept.Recall(t.Context(), hash("1"))
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, "new", got.Intent)
	_, known, err = kept.Recall(t.Context(), hash("3"))
	require.NoError(t, err)
	require.False(t, known)
}

func TestArchiveRefusesARunThatIsNone(t *testing.T) {
	t.Parallel()

	kept := archive.New(pgtest.DB(t), func() time.Time { return now })
	_, err := kept.Begin(t.Context(), archive.Run{Cases: 0, Fingerprint: hash("a"), Repeats: 1, Suite: "s", SuiteHash: hash("b")})
	require.ErrorContains(t, err, "eval_runs_cases_check")
}
