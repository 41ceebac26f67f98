package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

func TestWhatIsOlderThanTheRetentionIsErased(t *testing.T) {
	t.Parallel()

	b := setup(t)
	old := customer(t, b, "c-1")
	open := b.ask(t, nil)
	_, err := b.conclude(t, open, assistant.OutcomeHandedOff)
	require.NoError(t, err)
	running := b.ask(t, nil)
	talking := b.ask(t, nil)
	_, err = b.conclude(t, talking, assistant.OutcomeAnswered)
	require.NoError(t, err)
	_, err = b.pool.Exec(t.Context(), `UPDATE messages SET created_at = $1 WHERE conversation_id = $2`,
		now().Add(48*time.Hour), talking.Run.ConversationID)
	require.NoError(t, err)

	before := now().Add(24 * time.Hour)
	_, err = b.pool.Exec(t.Context(), `UPDATE complaints SET decided_at = $1`, now())
	require.NoError(t, err)
	expiring, err := b.store.Expiring(t.Context(), before, 10)
	require.NoError(t, err)
	require.Len(t, expiring, 1, "not %s, %s and %s", open.Run.ConversationID, running.Run.ConversationID, talking.Run.ConversationID)
	require.Equal(t, old, expiring[0].ID)
	none, err := b.store.EraseExpired(t.Context(), now(), desk.Actor{Machine: desk.ByClock})
	require.NoError(t, err)
	require.Zero(t, none)

	erased, err := b.store.EraseExpired(t.Context(), before, desk.Actor{Machine: desk.ByClock})
	require.NoError(t, err)
	require.Equal(t, 1, erased.Conversations)
	require.Equal(t, 1, b.count(t, `SELECT count(*) FROM conversations WHERE erased_at IS NOT NULL`))
	require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'customer.expire'`))
	again, err := b.store.EraseExpired(t.Context(), before, desk.Actor{Machine: desk.ByClock})
	require.NoError(t, err)
	require.Zero(t, again)
}
