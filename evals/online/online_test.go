package online_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals/online"
)

func now() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// bundle is what the tests share.
type bundle struct {
	desk  *postgres.Store
	pool  *pgxpool.Pool
	store *online.Store
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{pool: pgtest.DB(t)}
	b.desk = postgres.New(b.pool, now, nil)
	b.store = online.New(online.Config{Audit: b.desk.Audit, Clock: now, Pool: b.pool})
	return b
}

// lead adds somebody who may review.
func (b *bundle) lead(t *testing.T) desk.Actor {
	t.Helper()
	agent, err := b.desk.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: uuid.NewString() + "@quayside.example", Name: "Lea", Role: access.Lead,
	})
	require.NoError(t, err)
	return desk.Actor{ID: agent.ID, Lead: true}
}

// asked are questions that ended alike.
type asked struct {
	at         time.Time
	body       string
	confidence float64
	count      int
	intent     string
	language   string
	outcome    assistant.Outcome
	reasons    []string
}

// traffic adds questions with their ends, each in a conversation of its own, and returns their runs.
func (b *bundle) traffic(t *testing.T, a asked) []uuid.UUID {
	t.Helper()
	if a.at.IsZero() {
		a.at = now().Add(-time.Hour)
	}
	if a.body == "" {
		a.body = "how do i deposit"
	}
	if a.language == "" {
		a.language = "en"
	}
	if a.reasons == nil {
		a.reasons = []string{"test"}
	}
	args := pgx.NamedArgs{
		"at": a.at, "body": a.body, "confidence": a.confidence, "count": max(a.count, 1), "intent": a.intent, "language": a.language,
		"outcome": string(a.outcome), "reasons": a.reasons,
	}
	rows, err := b.pool.Query(t.Context(), `
		INSERT INTO conversations (id, channel, created_at) SELECT gen_random_uuid(), 'widget', @at FROM generate_series(1, @count) RETURNING id`,
		args)
	require.NoError(t, err)
	args["conversations"], err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	rows, err = b.pool.Query(t.Context(), `
		WITH ids AS MATERIALIZED (
			SELECT conversation, gen_random_uuid() AS run, gen_random_uuid() AS question, gen_random_uuid() AS reply,
				gen_random_uuid() AS ticket FROM unnest(@conversations::uuid[]) AS conversation
		), q AS (
			INSERT INTO messages (id, conversation_id, author, body, language, created_at)
			SELECT question, conversation, 'customer', @body, @language, @at FROM ids
		), a AS (
			INSERT INTO messages (id, conversation_id, author, body, language, citations, created_at)
			SELECT reply, conversation, 'assistant', 'This is how.', @language, '[{"slug": "deposit-how-to", "locale": "en"}]',
				@at::timestamptz + interval '1 second' FROM ids
		), t AS (
			INSERT INTO tickets (id, conversation_id, status, priority, intent, reasons, language, respond_by, created_at)
			SELECT ticket, conversation, 'open', 'P3', @intent, @reasons, @language, @at, @at FROM ids WHERE @outcome = 'handed_off'
		)
		INSERT INTO runs (id, conversation_id, message_id, status, outcome, reasons, reply_id, ticket_id, language, intent, confidence,
			started_at, deadline_at, concluded_at)
		SELECT run, conversation, question, 'concluded', @outcome, @reasons, reply, CASE WHEN @outcome = 'handed_off' THEN ticket END,
			@language, @intent, @confidence, @at, @at, @at FROM ids RETURNING id`, args)
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	return ids
}

func code(err error) assistant.Code { return assistant.ErrorCode(err) }
