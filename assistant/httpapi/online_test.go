package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

func TestWhatEvalsSayIsRead(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	require.False(t, decode[httpapi.DriftView](t, s.do(t, call{key: s.lead, path: "/v1/evals/drift"}), http.StatusOK).Looked)
	s.ask(t, "I am mia.chen@mail.example. "+pending)
	var id string
	require.NoError(t, s.row(`
		WITH run AS (
			INSERT INTO eval_runs (suite, suite_hash, fingerprint, cases, started_at)
			VALUES ('smoke', repeat('0', 64), repeat('0', 64), 1, now()) RETURNING id
		), result AS (
			INSERT INTO eval_results (run_id, case_id, repeat_index, response_key, passed, ending, cost_usd, result)
			SELECT id, 'one', 0, repeat('0', 64), true, 'correct_answer', 0, '{"case": {"id": "one", "conversation": ["<script>alert(1)</script>"],
				"expect": {"outcome": "answered"}}, "checks": [{"name": "outcome", "passed": true}], "ending": "correct_answer"}' FROM run
		), shadow AS (
			INSERT INTO eval_shadows (candidate, run_id, asked_at, outcome, body) SELECT 'bold@1', id, now(), 'handed_off', '' FROM runs
		), drift AS (
			INSERT INTO eval_drifts (looked_at, alarms, report) VALUES (now(), 1, '{"alarms": 1, "findings": [{"measure": "intents", "alarm": true}]}')
		)
		SELECT id::text FROM run`).Scan(&id))

	drift := decode[httpapi.DriftView](t, s.do(t, call{key: s.lead, path: "/v1/evals/drift"}), http.StatusOK)
	require.True(t, drift.Looked)
	require.Equal(t, evals.DriftIntents, drift.Drift.Findings[0].Measure)
	shadow := decode[httpapi.ShadowList](t, s.do(t, call{key: s.lead, path: "/v1/evals/shadow"}), http.StatusOK)
	require.Equal(t, 1, shadow.Candidates[0].Report.Table[assistant.OutcomeAnswered][assistant.OutcomeHandedOff])
	require.Equal(t, 1, shadow.Candidates[0].Report.Lost)
	require.NotContains(t, shadow.Candidates[0].Differences[0].Question, "mia.chen")

	runs := decode[httpapi.EvalRunList](t, s.do(t, call{key: s.lead, path: "/v1/evals/runs?suite=smoke"}), http.StatusOK)
	require.Len(t, runs.Runs, 1)
	require.Equal(t, string(archive.StatusRunning), runs.Runs[0].Status)
	report := s.do(t, call{key: s.lead, path: "/v1/evals/runs/" + id + "/report?baseline=" + id})
	require.Equal(t, http.StatusOK, report.status, report.body)
	require.Equal(t, "text/html; charset=utf-8", report.headers.Get("Content-Type"))
	require.Contains(t, report.headers.Get("Content-Security-Policy"), "sandbox allow-scripts")
	require.Contains(t, report.headers.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, report.body, "<script>alert(1)")
	problem(t, s.do(t, call{key: s.lead, path: "/v1/evals/runs/" + id + "/report?baseline=999"}), http.StatusNotFound)
}
