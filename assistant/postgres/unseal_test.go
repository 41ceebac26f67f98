package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/seal"
)

// reading gives the store of a bundle a vault that only reads.
func (b *testBundle) reading(t *testing.T, lines ...string) {
	t.Helper()
	vault, err := postgres.OpenReader(t.Context(), b.pool, keyring(t, lines...))
	require.NoError(t, err)
	b.store = b.store.WithVault(vault)
}

// sealedCustomer is a desk with a customer whose every word is sealed, and the line of its key. It only reads.
func sealedCustomer(t *testing.T) (b *testBundle, id uuid.UUID, key string) {
	t.Helper()
	b = setup(t)
	id = customer(t, b, needle+"-1")
	key = b.sealing(t)
	_, err := b.store.SealAll(t.Context(), nil)
	require.NoError(t, err)
	b.reading(t, key)
	return b, id, key
}

func (b *testBundle) sealed(t *testing.T) int {
	t.Helper()
	found, err := b.store.Sealing(t.Context())
	require.NoError(t, err)
	return found.Sealed()
}

func (b *testBundle) encrypted(t *testing.T) bool {
	t.Helper()
	on, err := b.store.Encrypted(t.Context())
	require.NoError(t, err)
	return on
}

func TestWhatCustomersWroteLastIsReadFromSealedTexts(t *testing.T) {
	t.Parallel()
	b, _, _ := sealedCustomer(t)
	var conversation uuid.UUID
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT conversation_id FROM messages WHERE author = 'customer' LIMIT 1`).Scan(&conversation))
	silent := uuid.New()
	heard, err := b.store.Heard(t.Context(), []uuid.UUID{conversation, silent})
	require.NoError(t, err)
	require.Contains(t, heard[conversation], needle)
	require.NotContains(t, heard, silent)
}

func TestUnseal(t *testing.T) {
	t.Parallel()

	actor := desk.Actor{Machine: "cli"}
	t.Run("StoresEveryTextAsItWasWrittenAlsoAfterItWasBrokenOff", func(t *testing.T) {
		t.Parallel()

		b, id, _ := sealedCustomer(t)
		lead := desk.Actor{ID: uuid.New(), Lead: true}
		before, err := b.store.Export(t.Context(), postgres.Subject{ConversationID: id}, lead)
		require.NoError(t, err)
		all := b.sealed(t)
		asked := b.ask(t, func(o *assistant.Opening) { o.Message.Body = "提币 السحب " + needle })
		require.Equal(t, all, b.sealed(t), "a reader seals nothing")

		ctx, cancel := context.WithCancel(t.Context())
		_, err = b.store.Unseal(ctx, actor, func(string, int) { cancel() })
		require.ErrorIs(t, err, context.Canceled)
		left := b.sealed(t)
		require.Positive(t, left)
		require.Less(t, left, all)
		_, err = postgres.OpenVault(t.Context(), b.pool, nil, now)
		require.ErrorIs(t, err, postgres.ErrNoKeys, "some texts still need them")

		told := 0
		result, err := b.store.Unseal(t.Context(), actor, func(_ string, rows int) { told += rows })
		require.NoError(t, err)
		require.Equal(t, postgres.Unsealed{Opened: left}, result)
		require.Equal(t, left, told)
		require.Zero(t, b.sealed(t))
		result, err = b.store.Unseal(t.Context(), actor, nil)
		require.NoError(t, err)
		require.Zero(t, result.Opened)
		for action, entries := range map[string]int{"encryption.opening": 1, "encryption.off": 1} {
			require.Equal(t, entries, b.count(t, `SELECT count(*) FROM audit_log WHERE action = '`+action+`'`), action)
		}

		vault, err := postgres.OpenVault(t.Context(), b.pool, nil, now)
		require.NoError(t, err)
		b.store = b.store.WithVault(vault)
		after, err := b.store.Export(t.Context(), postgres.Subject{ConversationID: id}, lead)
		require.NoError(t, err)
		for part, content := range exportedParts(t, before.Conversations[0]) {
			require.JSONEq(t, string(content), string(exportedParts(t, after.Conversations[0])[part]), part)
		}
		conversation, err := b.store.Conversation(t.Context(), asked.Run.ConversationID)
		require.NoError(t, err)
		require.Equal(t, "提币 السحب "+needle, conversation.Messages[0].Body)
		_, err = b.pool.Exec(t.Context(), `UPDATE ticket_history SET reason = 'x'`)
		require.ErrorContains(t, err, "append-only")
	})

	t.Run("IsRefusedWhileAProgramSealsAndKeepsOneFromSealingAfterwards", func(t *testing.T) {
		t.Parallel()

		b, _, key := sealedCustomer(t)
		claim := new(postgres.Claim)
		replica, err := claim.Open(t.Context(), b.pool.Config().ConnString())
		require.NoError(t, err)
		t.Cleanup(replica.Close)
		vault, err := postgres.OpenVault(t.Context(), replica, keyring(t, key), now)
		require.NoError(t, err)
		claim.Guard(vault)
		_, err = b.store.Unseal(t.Context(), actor, nil)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		require.ErrorContains(t, err, "--decrypt")
		require.Zero(t, b.count(t, `SELECT count(*) FROM data_keys WHERE retiring_at IS NOT NULL`), "nothing changed")

		replica.Reset() // its connections are lost for a while
		require.Eventually(t, func() bool {
			result, err := b.store.Unseal(t.Context(), actor, func(string, int) {
				_, err := postgres.OpenVault(t.Context(), replica, keyring(t, key), now)
				require.ErrorIs(t, err, postgres.ErrUnsealed, "nobody begins to seal meanwhile")
			})
			return err == nil && result.Opened > 0
		}, time.Minute, 10*time.Millisecond)
		require.ErrorIs(t, replica.Ping(t.Context()), postgres.ErrUnsealed, "it would seal with a key that nobody looks for")

		again, err := new(postgres.Claim).Open(t.Context(), b.pool.Config().ConnString())
		require.NoError(t, err)
		t.Cleanup(again.Close)
		_, err = postgres.OpenVault(t.Context(), again, keyring(t, key), now)
		require.ErrorIs(t, err, postgres.ErrUnsealed, "somebody forgot the file in the settings: that turns nothing on")
		require.False(t, b.encrypted(t))
		for _, want := range []bool{true, false} { // again changes nothing
			begun, err := b.store.TurnOn(t.Context(), actor)
			require.NoError(t, err)
			require.Equal(t, want, begun)
		}
		require.True(t, b.encrypted(t))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'encryption.on'`))
		vault, err = postgres.OpenVault(t.Context(), again, keyring(t, key), now)
		require.NoError(t, err)
		b.store = b.store.WithVault(vault)
		_, err = b.store.SealAll(t.Context(), nil)
		require.NoError(t, err)
		_, err = postgres.OpenVault(t.Context(), b.pool, nil, now)
		require.ErrorIs(t, err, postgres.ErrNoKeys)
	})

	t.Run("BrokenOffIsNoReasonToGoOnEncrypting", func(t *testing.T) {
		t.Parallel()

		b, _, key := sealedCustomer(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := b.store.Unseal(ctx, actor, func(string, int) {
			_, err := b.store.TurnOn(t.Context(), actor)
			require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err), "not while it goes on")
			cancel()
		})
		require.ErrorIs(t, err, context.Canceled)
		_, err = postgres.OpenVault(t.Context(), b.pool, keyring(t, key), now)
		require.ErrorIs(t, err, postgres.ErrUnsealed)
		b.reading(t, key)
		require.Positive(t, b.sealed(t))
		begun, err := b.store.TurnOn(t.Context(), actor)
		require.NoError(t, err)
		require.True(t, begun)
		b.openVault(t, key)
		_, err = b.store.SealAll(t.Context(), nil)
		require.NoError(t, err)
		found, err := b.store.Sealing(t.Context())
		require.NoError(t, err)
		require.Zero(t, found.Open())
	})

	t.Run("OnAgainOnTheSameDayNeedsTheKeyOfThatDay", func(t *testing.T) {
		t.Parallel()

		b, _, _ := sealedCustomer(t)
		_, err := b.store.Unseal(t.Context(), actor, nil)
		require.NoError(t, err)
		b.reading(t, seal.NewKey())
		_, err = b.store.TurnOn(t.Context(), actor)
		require.ErrorIs(t, err, postgres.ErrNoKeys)
		require.False(t, b.encrypted(t), "nothing changed")
	})

	t.Run("LeavesATextThatDoesNotOpenAndItsKeys", func(t *testing.T) {
		t.Parallel()

		b, id, _ := sealedCustomer(t)
		_, err := b.pool.Exec(t.Context(), `
			UPDATE messages SET body = left(body, -4) || 'AAAA' WHERE id = (SELECT min(id::text)::uuid FROM messages WHERE conversation_id = $1)`, id)
		require.NoError(t, err)
		result, err := b.store.Unseal(t.Context(), actor, nil)
		require.NoError(t, err)
		require.Len(t, result.Broken, 1)
		require.True(t, strings.HasPrefix(result.Broken[0], "messages.body/"), result.Broken[0])
		require.Positive(t, result.Opened)
		require.Equal(t, 1, b.sealed(t))
		_, err = postgres.OpenVault(t.Context(), b.pool, nil, now)
		require.ErrorIs(t, err, postgres.ErrNoKeys)
	})

	t.Run("NeedsAStoreThatSealsNothing", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		_, err := b.store.Unseal(t.Context(), actor, nil)
		require.Error(t, err)
		b.openVault(t, seal.NewKey())
		_, err = b.store.Unseal(t.Context(), actor, nil)
		require.Error(t, err)
	})

	t.Run("IsTheOnlyWayToOpenARowThatNeverChanges", func(t *testing.T) {
		t.Parallel()

		b, _, _ := sealedCustomer(t)
		for _, sql := range []string{
			`UPDATE ticket_history SET reason = 'x' WHERE is_sealed(reason)`, `UPDATE complaint_history SET reason = 'x' WHERE is_sealed(reason)`,
			`UPDATE runs SET shadow_body = 'x' WHERE is_sealed(shadow_body)`,
			`UPDATE ticket_history SET detail = detail || '{"override_reason": "x"}' WHERE is_sealed(detail ->> 'override_reason')`,
		} {
			_, err := b.pool.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "append-only", sql)
		}
	})
}
