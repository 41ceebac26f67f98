package online_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// weeks adds traffic of four weeks and of the last one, in which a share of the questions is handed over for lack of an article.
func (b *bundle) weeks(t *testing.T, handedOver int) {
	t.Helper()
	for week := range 5 {
		at := now().AddDate(0, 0, -7*week-2)
		unanswered := 10
		if week == 0 {
			unanswered = handedOver
		}
		for _, language := range []string{"en", "zh-Hans", "ar"} {
			b.traffic(t, asked{at: at, count: 60 - unanswered, confidence: 0.9, intent: "fees", language: language, outcome: assistant.OutcomeAnswered})
			b.traffic(t, asked{
				at: at, count: unanswered, confidence: 0.85, intent: "deposit.missing", language: language, outcome: assistant.OutcomeHandedOff,
				reasons: []string{"no_source"},
			})
		}
	}
}

func TestDriftOfLiveTraffic(t *testing.T) {
	t.Parallel()

	t.Run("APlantedLossOfAnswersRaisesAlarmsThatAreKept", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		_, known, err := b.store.LastDrift(t.Context())
		require.NoError(t, err)
		require.False(t, known)
		b.weeks(t, 30)
		require.NoError(t, b.store.Watch(t.Context()))
		drift, known, err := b.store.LastDrift(t.Context())
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, []int{180, 720}, []int{drift.Recent.Questions, drift.Reference.Questions})
		alarms := make(map[string]bool)
		for _, finding := range drift.Findings {
			alarms[finding.Measure] = finding.Alarm
		}
		require.Equal(t, map[string]bool{
			evals.DriftConfidence: true, evals.DriftHandOffs: true, evals.DriftIntents: true, evals.DriftLanguages: false,
			evals.DriftUnanswered: true,
		}, alarms)
	})

	t.Run("TheSameTrafficAsBeforeRaisesNone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.weeks(t, 10)
		drift, err := b.store.Look(t.Context(), online.RecentDays, online.ReferenceDays)
		require.NoError(t, err)
		require.Zero(t, drift.Alarms)
		require.False(t, drift.TooFew)
	})

	t.Run("OfAConversationTheFirstQuestionCounts", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		run := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered})[0]
		_, err := b.pool.Exec(t.Context(), `
			WITH q AS (
				INSERT INTO messages (id, conversation_id, author, body, created_at)
				SELECT gen_random_uuid(), conversation_id, a, 'more', started_at + interval '1 minute' FROM runs, unnest(ARRAY['customer', 'assistant']) a
				WHERE runs.id = $1 RETURNING id, conversation_id, author
			)
			INSERT INTO runs (id, conversation_id, message_id, reply_id, status, outcome, reasons, intent, started_at, deadline_at, concluded_at)
			SELECT gen_random_uuid(), r.conversation_id, q.id, a.id, 'concluded', 'clarify', '{}', 'again', r.started_at + interval '1 minute',
				r.deadline_at, r.concluded_at FROM runs r, q, q a WHERE r.id = $1 AND q.author = 'customer' AND a.author = 'assistant'`, run)
		require.NoError(t, err)
		traffic, err := b.store.Traffic(t.Context(), now().AddDate(0, 0, -1), now())
		require.NoError(t, err)
		require.Len(t, traffic.Questions, 1)
		require.Equal(t, "fees", traffic.Questions[0].Intent)
	})
}
