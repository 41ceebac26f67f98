package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
)

// weeks adds conversations of five weeks, of which the last may hand over more.
func (d *desktop) weeks(t *testing.T, handedOver int) {
	t.Helper()
	for week := range 5 {
		n := 20
		if week == 0 {
			n = handedOver
		}
		at := time.Now().AddDate(0, 0, -7*week-2)
		_, err := d.system.pool.Exec(t.Context(), `
			WITH c AS (
				INSERT INTO conversations (id, channel, created_at) SELECT gen_random_uuid(), 'widget', $1 FROM generate_series(1, 100) RETURNING id
			), m AS (
				INSERT INTO messages (id, conversation_id, author, body, created_at)
				SELECT gen_random_uuid(), c.id, a, 'x', $1 FROM c, unnest(ARRAY['customer', 'assistant']) a RETURNING id, conversation_id, author
			)
			INSERT INTO runs (id, conversation_id, message_id, reply_id, status, outcome, reasons, intent, language, confidence, started_at,
				deadline_at, concluded_at)
			SELECT gen_random_uuid(), q.conversation_id, q.id, a.id, 'concluded', CASE WHEN n <= $2 THEN 'clarify' ELSE 'answered' END,
				CASE WHEN n <= $2 THEN ARRAY['no_source'] ELSE ARRAY[]::text[] END, 'fees', 'en', 0.9, $1, $1, $1
			FROM (SELECT id, conversation_id, row_number() OVER () AS n FROM m WHERE author = 'customer') q
			JOIN m a ON a.conversation_id = q.conversation_id AND a.author = 'assistant'`, at, n)
		require.NoError(t, err)
	}
}

func TestDriftIsSaidAtTheCommandLine(t *testing.T) {
	t.Parallel()

	d := openDesktop(t, openDesk)
	require.Contains(t, d.run(t, "eval", "drift"), "too few")
	d.weeks(t, 60)
	said := d.command(t, exitFailed, "eval", "drift")
	require.Contains(t, said.out, "ALARM  unanswered")
	drift := decoded[evals.Drift](t, d.command(t, exitFailed, "eval", "drift", "--json").out)
	require.Equal(t, 1, drift.Alarms)
	simulated := decoded[falseAlarms](t, d.run(t, "eval", "drift", "--simulate", "200", "--json"))
	require.Less(t, simulated.Looks.Rate, 0.05)
	require.Equal(t, 500, simulated.Questions)
	require.Contains(t, d.refuse(t, exitUsage, "eval", "drift", "--days", "0"), "--days")

	require.NoError(t, d.system.online().Watch(t.Context()))
	registry := newRegistry()
	newDriftMetrics(registry, d.system)
	families, err := registry.Gather()
	require.NoError(t, err)
	raised := 0.0
	for _, family := range families {
		if family.GetName() == "deskhand_drift_alarm" {
			require.Len(t, family.GetMetric(), len(evals.DriftMeasures()))
			for _, metric := range family.GetMetric() {
				raised += metric.GetGauge().GetValue()
			}
		}
	}
	require.InDelta(t, 1, raised, 0)
}
