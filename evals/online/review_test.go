package online_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// week is a draw of the last seven days.
func week(actor desk.Actor, size int, seed int64) online.Draw {
	return online.Draw{Actor: actor, From: now().AddDate(0, 0, -7), Seed: seed, Size: size, To: now()}
}

func (b *bundle) reviews(t *testing.T, f online.ReviewFilter) []online.Review {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 1000
	}
	reviews, err := b.store.Reviews(t.Context(), f)
	require.NoError(t, err)
	return reviews
}

func (b *bundle) draw(t *testing.T, d online.Draw) online.Sample {
	t.Helper()
	sample, err := b.store.Draw(t.Context(), d)
	require.NoError(t, err)
	return sample
}

func (b *bundle) label(t *testing.T, who desk.Actor, run uuid.UUID, label evals.Ending) online.Review {
	t.Helper()
	review, err := b.store.Label(t.Context(), online.Labelling{Actor: who, Label: label, Note: "as seen", RunID: run})
	require.NoError(t, err)
	return review
}

func TestDraw(t *testing.T) {
	t.Parallel()

	t.Run("EachStratumGetsItsShareAndTheSameSeedDrawsTheSame", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		lead := b.lead(t)
		b.traffic(t, asked{count: 60, intent: "deposit.how_to", outcome: assistant.OutcomeAnswered, confidence: 0.97})
		b.traffic(t, asked{count: 30, intent: "deposit.how_to", outcome: assistant.OutcomeAnswered, confidence: 0.85})
		b.traffic(t, asked{count: 10, intent: "account.hacked", outcome: assistant.OutcomeHandedOff})
		b.traffic(t, asked{count: 50, intent: "fees", outcome: assistant.OutcomeAnswered, at: now().AddDate(0, 0, -8)})

		sample := b.draw(t, week(lead, 20, 7))
		require.Equal(t, []int{100, 20, 20}, []int{sample.Population, sample.Drawn, sample.Added})
		strata := make(map[string]int)
		first := make(map[uuid.UUID]bool)
		for _, r := range b.reviews(t, online.ReviewFilter{}) {
			strata[r.Stratum]++
			first[r.RunID] = true
		}
		require.Equal(t, map[string]int{"deposit.how_to · from 0.95": 12, "deposit.how_to · 0.8 to 0.95": 6, "account.hacked · none": 2}, strata)

		again := b.draw(t, week(lead, 20, 7))
		require.Equal(t, []int{20, 0}, []int{again.Drawn, again.Added}, "the same seed draws the same, and nothing twice")
		other := b.draw(t, week(lead, 20, 8))
		require.Positive(t, other.Added)
		require.Less(t, len(first), len(b.reviews(t, online.ReviewFilter{})))
	})

	t.Run("WhatCannotBeDrawnIsSaidWithItsField", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for field, d := range map[string]online.Draw{
			"size": week(desk.Actor{}, 0, 1), "from": {From: now(), Size: 1, To: now()},
		} {
			_, err := b.store.Draw(t.Context(), d)
			require.ErrorContains(t, err, field)
			require.Equal(t, assistant.CodeInvalid, code(err))
		}
	})
}

func TestReviews(t *testing.T) {
	t.Parallel()

	t.Run("NobodySeesALabelBeforeTheirOwnAndAThirdDecides", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		first, second, third, fourth := b.lead(t), b.lead(t), b.lead(t), b.lead(t)
		run := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered, confidence: 0.9})[0]
		b.draw(t, week(first, 1, 1))

		require.Len(t, b.label(t, first, run, evals.WrongAnswer).Labels, 1, "one's own")
		seen, err := b.store.Review(t.Context(), run, second.ID)
		require.NoError(t, err)
		require.Empty(t, seen.Labels)
		require.Equal(t, online.ReviewOpen, seen.Status)
		require.Equal(t, online.ReviewOpen, b.label(t, first, run, evals.CorrectAnswer).Status, "one may change one's mind")

		require.Equal(t, online.ReviewDisputed, b.label(t, second, run, evals.WrongAnswer).Status)
		_, err = b.store.Label(t.Context(), online.Labelling{Actor: first, Label: evals.WrongAnswer, RunID: run})
		require.Equal(t, assistant.CodeConflict, code(err), "not after having seen the other's")
		require.Empty(t, b.reviews(t, online.ReviewFilter{Reviewer: first.ID, ToDo: true}))
		require.Len(t, b.reviews(t, online.ReviewFilter{Reviewer: third.ID, ToDo: true}), 1)

		decided := b.label(t, third, run, evals.MissedHandOff)
		require.Equal(t, online.ReviewSettled, decided.Status)
		require.Len(t, decided.Labels, 3)
		_, err = b.store.Label(t.Context(), online.Labelling{Actor: fourth, Label: evals.WrongAnswer, RunID: run})
		require.Equal(t, assistant.CodeConflict, code(err))
	})

	t.Run("OnlyLeadsLabelAndOnlyWhatFitsTheOutcome", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		lead := b.lead(t)
		run := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeHandedOff})[0]
		b.draw(t, week(lead, 1, 1))
		agent := lead
		agent.Lead = false
		for want, l := range map[assistant.Code]online.Labelling{
			assistant.CodeForbidden: {Actor: agent, Label: evals.RightHandOff, RunID: run},
			assistant.CodeInvalid:   {Actor: lead, Label: evals.CorrectAnswer, RunID: run},
			assistant.CodeNotFound:  {Actor: lead, Label: evals.RightHandOff, RunID: uuid.New()},
		} {
			_, err := b.store.Label(t.Context(), l)
			require.Equal(t, want, code(err))
		}
		_, err := b.pool.Exec(t.Context(), `INSERT INTO eval_labels (run_id, reviewer_id, ordinal, label, labelled_at) VALUES ($1, $2, 1, 'wrong_answer', now())`,
			run, lead.ID)
		require.ErrorContains(t, err, "does not fit", "the database holds it too")
	})

	t.Run("OfManyAtOnceTwoLabelAndNoThirdOneWhereTheyAgree", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		leads := []desk.Actor{b.lead(t), b.lead(t), b.lead(t), b.lead(t)}
		run := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeHandedOff})[0]
		b.draw(t, week(leads[0], 1, 1))
		codes := make([]assistant.Code, len(leads))
		var running sync.WaitGroup
		for i, lead := range leads {
			running.Go(func() {
				_, err := b.store.Label(t.Context(), online.Labelling{Actor: lead, Label: evals.RightHandOff, RunID: run})
				codes[i] = code(err)
			})
		}
		running.Wait()
		require.ElementsMatch(t, []assistant.Code{"", "", assistant.CodeConflict, assistant.CodeConflict}, codes)
	})

	t.Run("TheAuditLogSaysWhoLabelledAndNotWhat", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		lead := b.lead(t)
		run := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeHandedOff})[0]
		b.draw(t, week(lead, 1, 1))
		b.label(t, lead, run, evals.NeedlessHandOff)
		log, err := b.desk.AuditLog(t.Context(), postgres.AuditFilter{Action: "review.", Limit: 10})
		require.NoError(t, err)
		require.Len(t, log, 2)
		require.Equal(t, []string{"review.label", lead.ID.String(), run.String()}, []string{log[0].Action, log[0].Actor, log[0].SubjectID})
		require.NotContains(t, log[0].Detail, "label")
	})
}

func TestReviewsBecomeASuiteAndFigures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.lead(t), b.lead(t)
	secret := "写信给 mia.chen@mail.example, 提币没到"
	ends := map[uuid.UUID]evals.Ending{
		b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered, confidence: 0.9})[0]:                     evals.CorrectAnswer,
		b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered, confidence: 0.9, body: "رسوم السحب"})[0]: evals.WrongAnswer,
		b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered, body: secret, language: "zh-Hans"})[0]:   evals.MissedHandOff,
		b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeHandedOff})[0]:                                     evals.RightHandOff,
		b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeHandedOff})[0]:                                     evals.NeedlessHandOff,
	}
	b.draw(t, week(one, 10, 1))
	for run, label := range ends {
		b.label(t, one, run, label)
		b.label(t, two, run, label)
	}
	open := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered})[0]
	b.draw(t, week(one, 10, 1))
	b.label(t, one, open, evals.CorrectAnswer)

	quality, err := b.store.Quality(t.Context(), 0, two.ID)
	require.NoError(t, err)
	require.Equal(t, online.Progress{Open: 1, Settled: 5, ToDo: 1}, quality.Progress)
	require.Equal(t, 1, quality.Labels[evals.WrongAnswer].Hits)
	require.Equal(t, 5, quality.Labels[evals.WrongAnswer].N)
	require.InDelta(t, 1, quality.Agreement.All.Value, 1e-9)
	require.True(t, quality.Agreement.Labels[evals.MissedHandOff].Defined)

	settled, err := b.store.Settled(t.Context(), 0)
	require.NoError(t, err)
	redactor, err := redact.New(redact.Config{PII: true})
	require.NoError(t, err)
	suite := evals.FromReviews(settled, redactor)
	require.Len(t, suite.Cases, 5)
	var file bytes.Buffer
	require.NoError(t, suite.Write(&file))
	require.NotContains(t, file.String(), "mia.chen")
	read, err := evals.ParseSuite(&file, "reviews.yaml")
	require.NoError(t, err, "eval run accepts it")
	outcomes := make(map[string]assistant.Outcome)
	for _, c := range read.Cases {
		outcomes[c.Tags[1]] = c.Expect.Outcome
	}
	require.Equal(t, map[string]assistant.Outcome{
		"correct_answer": assistant.OutcomeAnswered, "wrong_answer": evals.OutcomeUnanswered, "needless_handoff": evals.OutcomeReplied,
		"right_handoff": assistant.OutcomeHandedOff, "missed_mandatory_handoff": assistant.OutcomeHandedOff,
	}, outcomes)
	require.WithinDuration(t, now(), b.reviews(t, online.ReviewFilter{})[0].AskedAt, 2*time.Hour)
}
