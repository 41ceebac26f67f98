package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/seal"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// notSealed are the columns of wordColumns that stay readable, each with the reason. SECURITY.md says so too.
var notSealed = map[string]string{
	"conversations.customer_ref":      "the host site's name for the customer: they are found by it",
	"conversations.customer_tier":     "a code of the host site",
	"idempotency_keys.key":            "the client's name for a request",
	"messages.client_id":              "the client's name for a message",
	"tickets.tags":                    "the desk's labels",
	"webhook_deliveries.last_problem": "words of our own about another system",
	"webhook_events.body":             "ids and codes",
}

func keyring(t *testing.T, lines ...string) *seal.Keyring {
	t.Helper()
	keys, err := seal.ParseKeyring(strings.NewReader(strings.Join(lines, "\n")))
	require.NoError(t, err)
	return keys
}

// sealing gives the store of a bundle a vault, and returns the line of its key.
func (b *testBundle) sealing(t *testing.T) string {
	t.Helper()
	line := seal.NewKey()
	b.openVault(t, line)
	return line
}

func (b *testBundle) openVault(t *testing.T, lines ...string) {
	t.Helper()
	vault, err := postgres.OpenVault(t.Context(), b.pool, keyring(t, lines...), now)
	require.NoError(t, err)
	b.store = b.store.WithVault(vault)
}

// dump is what a copy of the database shows in a column.
func dump(t *testing.T, b *testBundle, c column) string {
	t.Helper()
	var text string
	require.NoError(t, b.pool.QueryRow(t.Context(),
		fmt.Sprintf(`SELECT coalesce(string_agg(to_jsonb(%q)::text, ' '), '') FROM %q`, c.Name, c.TableName)).Scan(&text))
	return text
}

func TestDumpHoldsNoWordOfACustomer(t *testing.T) {
	t.Parallel()

	b := setup(t)
	id := customer(t, b, needle+"-1") // as it was written before encryption was on
	lead := desk.Actor{ID: uuid.New(), Lead: true}
	before, err := b.store.Export(t.Context(), postgres.Subject{ConversationID: id}, lead)
	require.NoError(t, err)

	b.sealing(t)
	sealed, err := b.store.SealAll(t.Context(), nil)
	require.NoError(t, err)
	require.Positive(t, sealed)
	again, err := b.store.SealAll(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, again)
	found, err := b.store.Sealing(t.Context())
	require.NoError(t, err)
	require.Zero(t, found.Open())
	for _, p := range found.Places {
		if p.Place != "webhook_endpoints.old_secret" { // there is none
			require.Positive(t, p.Sealed, "%s: the test fills it", p.Place)
		}
	}

	c := b.ask(t, func(o *assistant.Opening) { o.Message.Body = needle + " 提币 السحب" }) // after
	_, err = b.store.Conclude(t.Context(), conclusion(c, assistant.OutcomeHandedOff))
	require.NoError(t, err)
	for _, column := range textColumns(t, b) {
		if notSealed[column.TableName+"."+column.Name] == "" {
			require.NotContains(t, dump(t, b, column), needle, "%s.%s", column.TableName, column.Name)
			require.NotContains(t, dump(t, b, column), "whsec_", "%s.%s", column.TableName, column.Name)
		}
	}

	after, err := b.store.Export(t.Context(), postgres.Subject{ConversationID: id}, lead)
	require.NoError(t, err)
	require.Len(t, after.Conversations, 1)
	for part, content := range exportedParts(t, before.Conversations[0]) {
		require.JSONEq(t, string(content), string(exportedParts(t, after.Conversations[0])[part]), part)
	}
	_, _, err = b.store.Erase(t.Context(), postgres.Subject{ConversationID: id}, lead)
	require.NoError(t, err)
	conversation, err := b.store.Conversation(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "[erased]", conversation.Messages[0].Body)
}

func TestVault(t *testing.T) {
	t.Parallel()

	t.Run("TextOpensInItsOwnRowOnly", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		b.sealing(t)
		one := b.ask(t, func(o *assistant.Opening) { o.Message.Body = "send it to the first" })
		two := b.ask(t, func(o *assistant.Opening) { o.Message.Body = "send it to the second" })
		require.Equal(t, "send it to the second", two.Question.Body)
		_, err := b.pool.Exec(t.Context(), `UPDATE messages SET body = (SELECT body FROM messages WHERE id = $1) WHERE id = $2`,
			one.Question.ID, two.Question.ID)
		require.NoError(t, err)
		_, err = b.store.Conversation(t.Context(), two.Run.ConversationID)
		require.ErrorIs(t, err, seal.ErrBroken)
	})

	t.Run("KeyIsChangedWithoutTouchingATextAndTheOldOneReadsUntilThen", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		old := b.sealing(t)
		c := b.ask(t, func(o *assistant.Opening) { o.Message.Body = "where is my deposit" })
		stored := dump(t, b, column{Name: "body", TableName: "messages"})
		fresh := seal.NewKey()
		b.openVault(t, fresh, old)
		read := func() string {
			conversation, err := b.store.Conversation(t.Context(), c.Run.ConversationID)
			require.NoError(t, err)
			return conversation.Messages[0].Body
		}
		require.Equal(t, "where is my deposit", read())
		_, err := postgres.OpenVault(t.Context(), b.pool, keyring(t, fresh), now)
		require.ErrorIs(t, err, postgres.ErrNoKeys, "too early")

		rotated, err := b.store.Rotate(t.Context(), desk.Actor{Via: desk.ViaCLI}, nil)
		require.NoError(t, err)
		require.Equal(t, 1, rotated)
		rotated, err = b.store.Rotate(t.Context(), desk.Actor{Via: desk.ViaCLI}, nil)
		require.NoError(t, err)
		require.Zero(t, rotated)
		b.openVault(t, fresh)
		require.Equal(t, "where is my deposit", read())
		require.Equal(t, stored, dump(t, b, column{Name: "body", TableName: "messages"}))
		_, err = postgres.OpenVault(t.Context(), b.pool, keyring(t, old), now)
		require.ErrorIs(t, err, postgres.ErrNoKeys)
	})

	t.Run("WithoutKeysAnEncryptedDatabaseIsRefused", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		vault, err := postgres.OpenVault(t.Context(), b.pool, nil, now)
		require.NoError(t, err)
		require.Nil(t, vault)
		b.sealing(t)
		_, err = postgres.OpenVault(t.Context(), b.pool, nil, now)
		require.ErrorIs(t, err, postgres.ErrNoKeys)
	})

	t.Run("TextThatLooksSealedIsOneThatWasWritten", func(t *testing.T) {
		t.Parallel()

		for _, seals := range []bool{false, true} {
			b := setup(t)
			if seals {
				b.sealing(t)
			}
			forged := "dhe1." + strings.Repeat("A", 100)
			c := b.ask(t, func(o *assistant.Opening) { o.Message.Body = forged })
			require.Equal(t, forged, strings.TrimSpace(c.Question.Body), "an agent still reads it")
		}
	})

	t.Run("SameFeedbackAgainChangesNothing", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		b.sealing(t)
		c := b.ask(t, nil)
		feedback := postgres.Feedback{Comment: "thanks", ConversationID: c.Run.ConversationID, Rating: 5}
		require.NoError(t, b.store.AddFeedback(t.Context(), feedback))
		stored := dump(t, b, column{Name: "comment", TableName: "feedback"})
		require.NoError(t, b.store.AddFeedback(t.Context(), feedback))
		require.Equal(t, stored, dump(t, b, column{Name: "comment", TableName: "feedback"}))
		kept, err := b.store.Feedback(t.Context(), c.Run.ConversationID)
		require.NoError(t, err)
		require.Equal(t, "thanks", kept[0].Comment)
	})

	t.Run("WebhookSecretsSignAsBefore", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		added, err := b.store.AddEndpoint(t.Context(), webhook.Endpoint{Name: "x", URL: "https://example.com/hook"}, "cli")
		require.NoError(t, err)
		b.sealing(t)
		_, err = b.store.SealAll(t.Context(), nil)
		require.NoError(t, err)
		fresh, err := b.store.RotateSecret(t.Context(), added.ID, 1e9, "cli")
		require.NoError(t, err)
		endpoint, err := b.store.Endpoint(t.Context(), added.ID)
		require.NoError(t, err)
		require.Equal(t, added.Secret, endpoint.OldSecret)
		require.Equal(t, fresh, endpoint.Secret)
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM webhook_endpoints WHERE is_sealed(secret) AND is_sealed(old_secret)`))
	})

	t.Run("AppendOnlyRowsAreSealedOnceAndNothingElse", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		customer(t, b, needle+"-1")
		b.sealing(t)
		_, err := b.store.SealAll(t.Context(), nil)
		require.NoError(t, err)
		other := "'dhe1." + strings.Repeat("A", 100) + "'"
		for _, sql := range []string{
			`UPDATE ticket_history SET reason = ` + other, `UPDATE ticket_history SET reason = 'x'`, `UPDATE ticket_history SET actor = 'x'`,
			`UPDATE complaint_history SET reason = ` + other, `UPDATE runs SET shadow_body = ` + other, `UPDATE runs SET intent = 'x'`,
			`UPDATE ticket_history SET detail = detail - 'override_reason'`, `DELETE FROM ticket_history`,
			`UPDATE ticket_history SET detail = detail || jsonb_build_object('override_reason', ` + other + `)`,
		} {
			_, err := b.pool.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "append-only", sql)
		}
	})
}
