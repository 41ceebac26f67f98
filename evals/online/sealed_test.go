package online_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/seal"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// encrypt turns encryption on, also for what is stored already.
func (b *bundle) encrypt(t *testing.T) {
	t.Helper()
	keys, err := seal.ParseKeyring(strings.NewReader(seal.NewKey()))
	require.NoError(t, err)
	b.store.Vault, err = postgres.OpenVault(t.Context(), b.pool, keys, now)
	require.NoError(t, err)
	_, err = b.desk.WithVault(b.store.Vault).SealAll(t.Context(), nil)
	require.NoError(t, err)
}

// Reviewers read what was written, before and after encryption was turned on, and a copy of the database shows none of it.
func TestReviewsOfAnEncryptedDesk(t *testing.T) {
	t.Parallel()

	b := setup(t)
	s := b.shadow(t, online.Candidate{Answer: always, Name: "bold@1", Share: 1})
	s.start(t)
	one, two, three := b.lead(t), b.lead(t), b.lead(t)
	questions := []string{"where is my deposit", "提币没到账", "أين عملاتي"}
	var runs []uuid.UUID
	for _, question := range questions {
		runs = append(runs, b.traffic(t, asked{body: question, intent: "fees", outcome: assistant.OutcomeHandedOff})...)
	}
	b.draw(t, week(one, 3, 1))
	shadowed := func(run uuid.UUID) {
		s.decide(t, run)
		require.Equal(t, online.ShadowAsked, s.result(t))
	}
	shadowed(runs[0])
	b.label(t, one, runs[0], evals.NeedlessHandOff)
	b.label(t, two, runs[0], evals.RightHandOff)
	b.encrypt(t) // both labels are final: their notes are sealed all the same
	shadowed(runs[1])
	b.label(t, three, runs[0], evals.RightHandOff)

	reviews := b.reviews(t, online.ReviewFilter{Reviewer: three.ID})
	require.Len(t, reviews, 3)
	for _, review := range reviews {
		require.Contains(t, questions, review.Turns[0].Body)
		require.Equal(t, "This is how.", review.Turns[1].Body)
	}
	review, err := b.store.Review(t.Context(), runs[0], three.ID)
	require.NoError(t, err)
	require.Len(t, review.Labels, 3)
	for _, label := range review.Labels {
		require.Equal(t, "as seen", label.Note)
	}
	settled, err := b.store.Settled(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, questions[:1], settled[0].Question, "a suite is made from the words, not from what is stored")
	differences, err := b.store.Differences(t.Context(), "bold@1", 10)
	require.NoError(t, err)
	require.Len(t, differences, 2)
	for _, d := range differences {
		require.Equal(t, []string{"Yes!", "This is how."}, []string{d.Body, d.Reply})
		require.Contains(t, questions, d.Question)
	}

	var stored string
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT concat((SELECT jsonb_agg(l) FROM eval_labels l),
		(SELECT jsonb_agg(x) FROM eval_shadows x), (SELECT jsonb_agg(m) FROM messages m))`).Scan(&stored))
	for _, words := range append(questions, "as seen", "Yes!", "This is how") {
		require.NotContains(t, stored, words)
	}
}
