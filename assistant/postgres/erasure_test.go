package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/evals"
)

// needle stands in everything that a customer, or somebody about them, can have written.
const needle = "needle"

// withoutCustomers are the tables in which nothing of a customer can stand, each with the reason.
var withoutCustomers = map[string]string{
	"eval_checks": "articles", "eval_drifts": "counts", "eval_reviews": "intents", "eval_runs": "suites", "eval_samples": "counts",
	"macros": "the desk's own", "ticket_viewers": "agents",
	"admission_buckets": "hashes", "agent_presence": "agents", "agents": "agents", "api_keys": "keys", "article_redirects": "articles",
	"article_versions": "articles", "articles": "articles", "audit_chain": "hashes", "audit_head": "hashes",
	"audit_log": "ids and counts; a reason to unmask is masked, and has not the customer's reference", "channel_registry": "the desk's own",
	"desk_plans": "the desk's own", "embedding_models": "articles", "embeddings": "articles", "goose_db_version": "the schema",
	"identity_keys": "keys", "identity_tokens": "a hash, forgotten after minutes", "incident_notices": "the desk's own",
	"incident_proposals": "counts", "kb_version": "articles", "known_devices": "agents", "locale_statistics": "articles", "locale_statistics_added": "articles",
	"login_tries": "hashes", "model_spend_conversations": "costs", "model_spend_days": "costs", "official_channels": "the desk's own",
	"passage_terms": "articles", "passages": "articles", "policies": "the desk's own", "provider_logins": "agents",
	"question_counts": "counts", "recovery_codes": "agents", "registry_keys": "keys", "sessions": "agents", "term_statistics": "articles", "term_statistics_added": "articles",
	"terms": "the desk's own", "terms_version": "the desk's own", "ticket_alarms": "times", "ticket_resolutions": "codes",
	"webhook_endpoints": "other systems", "data_keys": "keys",
	"river_client": "jobs", "river_client_queue": "jobs", "river_job": "ids", "river_leader": "jobs", "river_migration": "the schema",
	"river_notification": "jobs", "river_queue": "jobs", "river_sequence": "jobs",
}

// wordColumns are the columns of all other tables that a customer's words or reference can stand in. The other columns with
// text hold codes, which stay.
var wordColumns = map[string]struct{ words, codes []string }{
	"complaint_history": {words: []string{"reason"}, codes: []string{"actor", "step"}},
	"complaints":        {codes: []string{"regime", "root_cause", "status"}},
	"conversations": {
		words: []string{"customer_ref", "customer_tier"}, codes: []string{"channel", "claimed_jurisdiction", "customer_jurisdiction", "locale"},
	},
	"drafts": {
		words: []string{"body", "edits", "findings", "notes", "reject_reason"}, codes: []string{"citations", "fate", "language", "method", "reject_code"},
	},
	"eval_labels":      {words: []string{"note"}, codes: []string{"label"}},
	"eval_shadows":     {words: []string{"body"}, codes: []string{"articles", "candidate", "language", "outcome", "reasons"}},
	"eval_results":     {words: []string{"result"}, codes: []string{"case_id", "ending", "response_key"}},
	"feedback":         {words: []string{"comment"}},
	"idempotency_keys": {words: []string{"key"}},
	"messages": {
		words: []string{"body", "client_id"}, codes: []string{"author", "citations", "language", "redactions", "request_hash"},
	},
	"run_steps": {codes: []string{"detail", "stage", "status"}},
	"runs": {words: []string{"shadow_body"}, codes: []string{
		"embedding_model", "intent", "language", "model", "outcome", "priority", "prompt_version", "reasons", "risks", "shadow_outcome", "status",
	}},
	"ticket_history": {words: []string{"detail", "reason"}, codes: []string{"actor", "from_status", "step", "to_status"}},
	"ticket_notes":   {words: []string{"body"}},
	"tickets": {words: []string{"tags"}, codes: []string{
		"channel", "intent", "language", "outcome", "priority", "queue", "reasons", "risks", "status",
	}},
	"webhook_deliveries": {words: []string{"last_problem"}, codes: []string{"status"}},
	"webhook_events":     {words: []string{"body"}, codes: []string{"type"}},
}

// column is a column that text can stand in.
type column struct{ Name, TableName string }

func textColumns(t *testing.T, b *testBundle) []column {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), `
		SELECT c.column_name AS name, c.table_name FROM information_schema.columns c
		JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
		  AND c.udt_name IN ('text', 'varchar', 'bpchar', 'name', '_text', '_varchar', 'json', 'jsonb', 'bytea', 'citext', 'xml', 'tsvector')
		ORDER BY 2, 1`)
	require.NoError(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByName[column])
	require.NoError(t, err)
	return columns
}

// known is a customer whose site has said who they are.
func known(ref string) assistant.Customer {
	token := sha256.Sum256([]byte(ref))
	return assistant.Customer{Jurisdiction: "DE", Ref: ref, Tier: needle, ExpiresAt: now().Add(time.Minute), TokenHash: token[:]}
}

// customer fills every table that something of a customer can stand in, and returns the conversation.
func customer(t *testing.T, b *testBundle, ref string) uuid.UUID {
	t.Helper()
	c := b.ask(t, func(o *assistant.Opening) {
		o.Message.Body, o.Question.ClientID, o.Question.IdempotencyKey = "my name is "+needle, needle, needle+ref
		o.Question.Customer = known(ref)
		o.Question.Jurisdiction = "AT"
	})
	end := conclusion(c, assistant.OutcomeHandedOff)
	end.Reply.Body = "Dear " + needle
	end.Shadow = &assistant.Shadow{Body: needle, Outcome: assistant.OutcomeAnswered}
	run, err := b.store.Conclude(t.Context(), end)
	require.NoError(t, err)
	agent, err := b.store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "cli", Email: uuid.NewString() + "@quayside.example", Name: "Mia", Role: postgres.RoleLead,
	})
	require.NoError(t, err)
	redactor, err := redact.New(redact.Config{})
	require.NoError(t, err)
	suite := evals.FromDesk([]evals.Decided{{Question: []string{needle}, RunID: run.ID.String()}}, redactor)
	args := pgx.NamedArgs{
		"agent": agent.ID, "case": suite.Cases[0].ID, "conversation": c.Run.ConversationID, "needle": needle, "now": now(), "run": run.ID, "ticket": run.Ticket.ID,
	}
	for _, sql := range []string{
		`INSERT INTO drafts (id, ticket_id, run_id, body, language, citations, findings, notes, method, created_at, fate, decided_by, decided_at,
			reject_reason, edits)
		 VALUES (gen_random_uuid(), @ticket, @run, @needle, 'en', '[]', jsonb_build_array(@needle::text), jsonb_build_array(@needle::text), 'model', @now, 'rejected', @agent, @now,
			@needle, jsonb_build_array(@needle::text))`,
		`INSERT INTO ticket_notes (id, ticket_id, agent_id, body, created_at) VALUES (gen_random_uuid(), @ticket, @agent, @needle, @now)`,
		`INSERT INTO ticket_history (ticket_id, at, actor, step, from_status, to_status, reason, detail, version)
		 VALUES (@ticket, @now, 'agent', 'reply', 'open', 'open', @needle, jsonb_build_object('override_reason', @needle::text), 2)`,
		`INSERT INTO complaints (id, ticket_id, regime, status, received_at, decide_by, warn_at, decided_at, decided_by, root_cause)
		 VALUES (gen_random_uuid(), @ticket, 'default', 'upheld', @now, @now, @now, @now, @agent, 'fees.unclear')`,
		`INSERT INTO complaint_history (complaint_id, at, actor, step, reason)
		 SELECT id, @now, 'agent', 'decide', @needle FROM complaints WHERE ticket_id = @ticket`,
		`INSERT INTO feedback (conversation_id, rating, comment, created_at) VALUES (@conversation, 1, @needle, @now)`,
		`INSERT INTO webhook_endpoints (id, name, url, secret, created_at)
		 VALUES (@conversation, 'x', 'https://example.com/' || @conversation::uuid, 'whsec_' || repeat('a', 40), @now)`,
		`INSERT INTO webhook_events (id, type, body, created_at)
		 VALUES (@conversation, 'ticket.opened',
			json_build_object('data', json_build_object('conversation_id', @conversation::uuid, 'x', @needle::text)), @now)`,
		`INSERT INTO webhook_events (id, type, body, created_at)
		 VALUES (@ticket, 'complaint.decided',
			json_build_object('data', json_build_object('ticket_id', @ticket::uuid, 'x', @needle::text)), @now)`,
		`INSERT INTO webhook_deliveries (id, event_id, endpoint_id, status, last_problem)
		 VALUES (gen_random_uuid(), @conversation, @conversation, 'dead', @needle)`,
		`WITH run AS (
			INSERT INTO eval_runs (suite, suite_hash, fingerprint, cases, started_at)
			VALUES ('from-desk', repeat('0', 64), repeat('0', 64), 1, @now) RETURNING id
		)
		INSERT INTO eval_results (run_id, case_id, repeat_index, response_key, passed, ending, cost_usd, result)
		SELECT id, @case, 0, repeat('0', 64), true, 'answered', 0, jsonb_build_object('reply', @needle::text) FROM run`,
		`WITH sample AS (
			INSERT INTO eval_samples (seed, from_at, to_at, population, drawn, added, drawn_at, drawn_by)
			VALUES (1, @now::timestamptz - interval '1 day', @now, 1, 1, 1, @now, 'lead') RETURNING id
		)
		INSERT INTO eval_reviews (run_id, sample_id, stratum) SELECT @run, id, 'fees' FROM sample`,
		`INSERT INTO eval_labels (run_id, reviewer_id, ordinal, label, note, labelled_at)
		 VALUES (@run, @agent, 1, 'right_handoff', @needle, @now)`,
		`INSERT INTO eval_shadows (candidate, run_id, asked_at, outcome, body) VALUES ('bold', @run, @now, 'answered', @needle)`,
		`UPDATE tickets SET status = 'resolved', resolved_at = @now, tags = ARRAY[@needle::text] WHERE id = @ticket`,
	} {
		_, err := b.pool.Exec(t.Context(), sql, args)
		require.NoError(t, err, sql)
	}
	return c.Run.ConversationID
}

func TestErasureReachesEveryTable(t *testing.T) {
	t.Parallel()

	b := setup(t)
	id := customer(t, b, needle+"-1")
	found := func(c column) int {
		return b.count(t, fmt.Sprintf(`SELECT count(*) FROM %q WHERE to_jsonb(%q)::text LIKE '%%%s%%'`, c.TableName, c.Name, needle))
	}
	columns := textColumns(t, b)
	require.Greater(t, len(columns), 100, "the schema was read")
	for _, c := range columns {
		if withoutCustomers[c.TableName] != "" {
			continue
		}
		known := wordColumns[c.TableName]
		require.Contains(t, append(append([]string{}, known.words...), known.codes...), c.Name,
			"%s.%s is new: may something of a customer stand in it? Then an erasure must take it away, and an export must show it", c.TableName, c.Name)
	}
	for table, known := range wordColumns {
		for _, name := range known.words {
			require.Contains(t, columns, column{Name: name, TableName: table})
			require.Positive(t, found(column{Name: name, TableName: table}), "%s.%s: the test fills it", table, name)
		}
	}
	before := outline(t, b)

	erased, receipt, err := b.store.Erase(t.Context(), postgres.Subject{Ref: needle + "-1"}, desk.Actor{ID: uuid.New(), Via: desk.ViaCLI})
	require.NoError(t, err)
	require.NotZero(t, receipt)
	require.Equal(t, postgres.Erased{Conversations: 1, Drafts: 1, Events: 2, Feedback: 1, Messages: 2, Notes: 1, Tickets: 1}, erased)
	for _, c := range columns {
		require.Zero(t, found(c), "%s.%s", c.TableName, c.Name)
	}
	require.Zero(t, b.count(t, `SELECT count(*) FROM conversations WHERE num_nonnulls(customer_jurisdiction, claimed_jurisdiction) > 0`))
	require.Zero(t, b.count(t, `SELECT count(*) FROM messages WHERE request_hash IS NOT NULL`), "a short text can be guessed from its hash")
	require.Equal(t, before, outline(t, b), "what says how the desk worked stays")
	chain, err := b.store.VerifyChain(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, chain.Faults)
	require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'customer.erase' AND subject_id <> '`+id.String()+`'`))

	_, _, err = b.store.Erase(t.Context(), postgres.Subject{Ref: needle + "-1"}, desk.Actor{ID: uuid.New()})
	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err), "nobody is kept to erase again")
}

// outline is what statistics and the register of complaints are made from.
func outline(t *testing.T, b *testBundle) string {
	t.Helper()
	var text string
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT concat_ws('|',
		(SELECT jsonb_agg(to_jsonb(r) - 'shadow_body' ORDER BY id) FROM runs r), (SELECT jsonb_agg(s) FROM run_steps s),
		(SELECT jsonb_agg(c) FROM complaints c), (SELECT jsonb_agg(to_jsonb(t) - '{tags,next_check_at,follow_up_at}'::text[]) FROM tickets t),
		(SELECT jsonb_agg(to_jsonb(h) - '{reason,detail}'::text[]) FROM ticket_history h), (SELECT jsonb_agg(rating) FROM feedback),
		(SELECT jsonb_agg(jsonb_build_array(fate, language, citations)) FROM drafts))`).Scan(&text))
	return text
}

func TestErasure(t *testing.T) {
	t.Parallel()

	lead := desk.Actor{ID: uuid.New(), Lead: true}
	t.Run("ReachesNobodyElse", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		customer(t, b, needle+"-1")
		other := customer(t, b, needle+"-2")
		_, _, err := b.store.Erase(t.Context(), postgres.Subject{Ref: needle + "-1"}, lead)
		require.NoError(t, err)
		export, err := b.store.Export(t.Context(), postgres.Subject{Ref: needle + "-2"}, lead)
		require.NoError(t, err)
		require.Len(t, export.Conversations, 1)
		require.Equal(t, other, export.Conversations[0].ID)
		for kind, part := range exportedParts(t, export.Conversations[0]) {
			require.Contains(t, string(part), needle, kind)
		}
	})

	t.Run("IsRehearsedWithoutATrace", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		id := customer(t, b, needle+"-1")
		erased, err := b.store.RehearseErase(t.Context(), postgres.Subject{Ref: needle + "-1"})
		require.NoError(t, err)
		require.Equal(t, 1, erased.Conversations)
		conversation, err := b.store.Conversation(t.Context(), id)
		require.NoError(t, err)
		require.Contains(t, conversation.Messages[0].Body, needle)
		require.Zero(t, b.count(t, `SELECT count(*) FROM audit_log WHERE action LIKE 'customer.%'`))
	})

	t.Run("ThatIsCutOffChangedNothing", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		id := customer(t, b, needle+"-1")
		blocker, err := b.pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = blocker.Exec(t.Context(), `SELECT FROM tickets WHERE conversation_id = $1 FOR UPDATE`, id)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, _, err := b.store.Erase(ctx, postgres.Subject{Ref: needle + "-1"}, lead)
			done <- err
		}()
		// The last but one of its statements waits for the ticket.
		require.Eventually(t, func() bool { return waiting(t, b) }, time.Minute, 10*time.Millisecond)
		cancel()
		require.Error(t, <-done)
		require.NoError(t, blocker.Rollback(t.Context()))
		conversation, err := b.store.Conversation(t.Context(), id)
		require.NoError(t, err)
		require.Contains(t, conversation.Messages[0].Body, needle)
		_, _, err = b.store.Erase(t.Context(), postgres.Subject{Ref: needle + "-1"}, lead)
		require.NoError(t, err, "running it again finishes it")
	})

	t.Run("WaitsForNobodysWork", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		c := b.ask(t, func(o *assistant.Opening) { o.Question.Customer = known("c-1") })
		_, _, err := b.store.Erase(t.Context(), postgres.Subject{Ref: "c-1"}, lead)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		require.ErrorContains(t, err, "being answered")
		run, err := b.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)
		_, err = b.store.RehearseErase(t.Context(), postgres.Subject{ConversationID: c.Run.ConversationID})
		require.ErrorContains(t, err, run.Ticket.Reference(), "an open case stays somebody's")
	})

	t.Run("NothingIsAddedAfterwards", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		id := customer(t, b, needle+"-1")
		conversation, err := b.store.Conversation(t.Context(), id)
		require.NoError(t, err)
		_, _, err = b.store.Erase(t.Context(), postgres.Subject{ConversationID: id}, lead)
		require.NoError(t, err)

		opening := b.opening("again")
		opening.ConversationID, opening.Question.ConversationID = id, id
		_, err = b.store.Begin(t.Context(), opening)
		require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err), "the chat begins another one")
		_, err = b.store.AskedConversation(t.Context(), id, postgres.Asker{APIKeyID: b.key.ID})
		require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
		err = b.store.AddFeedback(t.Context(), postgres.Feedback{Comment: "bad", ConversationID: id, Rating: 1})
		require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
		err = b.store.AddNote(t.Context(), lead, conversation.Ticket.ID, desk.Note{ID: newID(), AgentID: lead.ID, Body: "x", CreatedAt: now()})
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		_, err = b.store.Change(t.Context(), desk.Change{
			Actor: lead, At: now(), Reason: "again", Step: desk.StepReopen, TicketID: conversation.Ticket.ID, Version: conversation.Ticket.Version,
		})
		require.ErrorContains(t, err, "erased")
		for _, sql := range []string{
			`UPDATE ticket_history SET reason = 'x'`, `UPDATE runs SET outcome = 'clarify'`, `UPDATE complaint_history SET actor = 'x'`,
			`DELETE FROM ticket_history`, `UPDATE conversations SET customer_ref = 'x'`,
		} {
			_, err := b.pool.Exec(t.Context(), sql)
			require.Error(t, err, sql)
		}
	})

	t.Run("ThatIsUnderWayMakesWhoAddsWait", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		id := customer(t, b, needle+"-1")
		conversation, err := b.store.Conversation(t.Context(), id)
		require.NoError(t, err)
		erasing, err := b.pool.Begin(t.Context())
		require.NoError(t, err)
		defer func() { _ = erasing.Rollback(context.WithoutCancel(t.Context())) }()
		_, err = erasing.Exec(t.Context(), `SELECT FROM conversations WHERE id = $1 FOR UPDATE`, id)
		require.NoError(t, err)
		_, err = erasing.Exec(t.Context(), `UPDATE conversations SET erased_at = now(), customer_ref = NULL, customer_tier = NULL,
			customer_jurisdiction = NULL, claimed_jurisdiction = NULL WHERE id = $1`, id)
		require.NoError(t, err)
		added := make(chan error, 1)
		go func() { // a note needs no other lock: the database alone holds it up
			added <- b.store.AddNote(t.Context(), lead, conversation.Ticket.ID,
				desk.Note{ID: newID(), AgentID: lead.ID, Body: needle, CreatedAt: now()})
		}()
		require.Eventually(t, func() bool { return waiting(t, b) }, time.Minute, 10*time.Millisecond)
		require.NoError(t, erasing.Commit(t.Context()))
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(<-added))
	})

	t.Run("OfTheAppendOnlyIsForErasedConversationsOnly", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		customer(t, b, needle+"-1")
		for _, sql := range []string{
			`UPDATE ticket_history SET reason = ''`, `UPDATE complaint_history SET reason = ''`, `UPDATE runs SET shadow_body = '[erased]'`,
		} {
			_, err := b.pool.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "append-only", sql)
		}
	})
}

// waiting reports whether a connection waits for a lock that another one holds.
func waiting(t *testing.T, b *testBundle) bool {
	t.Helper()
	return b.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
}

// exportedParts are the lists of an export, and what stands in each.
func exportedParts(t *testing.T, c postgres.ExportedConversation) map[string]json.RawMessage {
	t.Helper()
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	var parts map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(encoded, &parts))
	for _, other := range []string{"channel", "claimed_jurisdiction", "complaints", "created_at", "id", "jurisdiction"} {
		require.NotEmpty(t, parts[other], other)
		delete(parts, other)
	}
	return parts
}
