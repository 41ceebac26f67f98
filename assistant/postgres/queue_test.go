package postgres_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// fill makes tickets as a desk has them: 30 intents, 14 languages, 8 queues, every third one resolved, one in 500 tagged, one in
// 300 with a risk, one in 1,000 from Telegram.
func fill(tb testing.TB, pool *pgxpool.Pool, n int) {
	tb.Helper()
	_, err := pool.Exec(tb.Context(), `
		WITH agent AS (
			INSERT INTO agents (id, name, role, created_at) SELECT gen_random_uuid(), 'agent ' || i, 'agent', now() FROM generate_series(1, 50) i
			RETURNING id
		), agents AS (SELECT array_agg(id) AS ids FROM agent
		), c AS (
			INSERT INTO conversations (id, channel, created_at)
			SELECT gen_random_uuid(), CASE WHEN i % 1000 = 0 THEN 'telegram' ELSE 'api' END, now() FROM generate_series(1, $1) i RETURNING id
		), n AS (SELECT id, row_number() OVER () AS i FROM c)
		INSERT INTO tickets (id, conversation_id, status, priority, intent, reasons, language, respond_by, created_at, queue, assignee_id,
			resolved_at, tags, awaiting_since, risks)
		SELECT gen_random_uuid(), id, (ARRAY['open', 'resolved', 'open', 'claimed', 'resolved', 'waiting', 'open', 'resolved', 'on_hold'])[i % 9 + 1],
			'P' || (i % 4 + 1), 'intent.' || (i * i % 30), '{x}',
			(ARRAY['en', 'zh-Hans', 'zh-Hant', 'vi', 'tr', 'ru', 'ko', 'es', 'pt', 'id', 'ar', 'ja', 'de', 'fr'])[i % 13 + 1],
			now() + (i % 1000 - 500) * interval '1 minute', now(), 'queue-' || (i % 8),
			CASE WHEN i % 9 IN (1, 3, 4, 5, 7, 8) THEN agents.ids[i % 50 + 1] END, CASE WHEN i % 9 IN (1, 4, 7) THEN now() END,
			CASE WHEN i % 500 = 0 THEN ARRAY['vip'] ELSE '{}' END, CASE WHEN i % 9 IN (0, 2, 3, 6) THEN now() END,
			CASE WHEN i % 300 = 0 THEN ARRAY['self_harm'] WHEN i % 5 = 0 THEN ARRAY['complaint'] ELSE '{}' END
		FROM n, agents`, n)
	require.NoError(tb, err)
	_, err = pool.Exec(tb.Context(), `VACUUM ANALYZE tickets`)
	require.NoError(tb, err)
}

// filters are what agents look through the queue with, alone and together.
func filters(tb testing.TB, pool *pgxpool.Pool) map[string]desk.Filter {
	tb.Helper()
	var agent desk.Filter
	require.NoError(tb, pool.QueryRow(tb.Context(), `SELECT id FROM agents ORDER BY name LIMIT 1`).Scan(&agent.AssigneeID))
	cursor := &desk.Cursor{Priority: triage.P2, RespondBy: time.Now()}
	return map[string]desk.Filter{
		"after":             {After: cursor},
		"channel":           {Channel: "api"},
		"channel, rare":     {Channel: "telegram"},
		"channel, unknown":  {Channel: "pigeon"},
		"risk":              {Risk: risk.Complaint},
		"risk, rare":        {Risk: risk.SelfHarm},
		"risk, unknown":     {Risk: "flood"},
		"risk, language":    {Language: "ja", Risk: risk.SelfHarm},
		"assignee":          agent,
		"intent":            {Intent: "intent.4"},
		"intent, resolved":  {Intent: "intent.4", Status: assistant.TicketResolved},
		"language":          {Language: "ja"},
		"language, intent":  {Intent: "intent.9", Language: "ar"},
		"nothing":           {},
		"nothing like it":   {Intent: "intent.none", Language: "ar"},
		"on hold, language": {Language: "ko", Status: assistant.TicketOnHold},
		"overdue":           {Now: time.Now(), Overdue: true},
		"overdue, queue":    {Now: time.Now(), Overdue: true, Queue: "queue-3"},
		"priority":          {Priority: triage.P4},
		"queue":             {Queue: "queue-3"},
		"resolved":          {Status: assistant.TicketResolved},
		"tag":               {Tag: "vip"},
		"tag, queue":        {Queue: "queue-4", Tag: "vip"},
	}
}

func TestQueueIsReadThroughItsIndexes(t *testing.T) {
	t.Parallel()

	pool := pgtest.DB(t)
	fill(t, pool, 6000)
	for name, filter := range filters(t, pool) {
		filter.Limit = 51
		query, args := postgres.QueueQuery(filter)
		rows, err := pool.Query(t.Context(), "EXPLAIN (COSTS OFF) "+query, args)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		plan := strings.Join(lines, "\n")
		require.NotContains(t, plan, "Seq Scan", name)
		require.Contains(t, plan, "Index", name)
	}
}

// Each round, fifty agents ask for the only ticket that waits.
func TestOneOfFiftyRacingAgentsTakesTheNextTicket(t *testing.T) {
	t.Parallel()

	rounds := 50
	if os.Getenv("DESKHAND_LONG_TESTS") != "" {
		rounds = 1000
	}
	bundle := setup(t)
	const racers = 50
	agents := make([]desk.Actor, racers)
	for i := range agents {
		agents[i] = bundle.agent(t)
	}
	for round := range rounds {
		run, err := bundle.conclude(t, bundle.ask(t, nil), assistant.OutcomeHandedOff)
		require.NoError(t, err)
		won := make([]*assistant.Ticket, racers)
		errs := make([]error, racers)
		var group sync.WaitGroup
		for i, agent := range agents {
			group.Go(func() { won[i], errs[i] = bundle.store.Next(t.Context(), agent, now()) })
		}
		group.Wait()
		winners := slices.DeleteFunc(won, func(ticket *assistant.Ticket) bool { return ticket == nil })
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Len(t, winners, 1, "round %d", round)
		require.Equal(t, run.Ticket.ID, winners[0].ID)
	}
}

func TestRacingAgentsGetDifferentTickets(t *testing.T) {
	t.Parallel()

	bundle := setup(t)
	const racers = 20
	for range racers {
		_, err := bundle.conclude(t, bundle.ask(t, nil), assistant.OutcomeHandedOff)
		require.NoError(t, err)
	}
	taken := make([]*assistant.Ticket, racers)
	errs := make([]error, racers)
	var group sync.WaitGroup
	for i := range racers {
		agent := bundle.agent(t)
		group.Go(func() { taken[i], errs[i] = bundle.store.Next(t.Context(), agent, now()) })
	}
	group.Wait()
	seen := make(map[string]bool)
	for i, ticket := range taken {
		require.NoError(t, errs[i])
		require.NotNil(t, ticket)
		seen[ticket.ID.String()] = true
	}
	require.Len(t, seen, racers)
}

// BenchmarkDesk measures a desk of 100,000 tickets. It reports the 95th percentile beside Go's mean.
func BenchmarkDesk(b *testing.B) {
	pool := pgtest.DB(b)
	fill(b, pool, 100_000)
	store := postgres.New(pool, time.Now, nil)
	for name, filter := range filters(b, pool) {
		filter.Limit = 51
		b.Run("List/"+strings.ReplaceAll(name, ", ", "+"), func(b *testing.B) {
			percentile(b, func() error {
				_, err := store.Queue(b.Context(), filter)
				return err
			})
		})
	}
	var plan strings.Builder
	plan.WriteString("queues:\n")
	for i := range 8 {
		fmt.Fprintf(&plan, "  - {name: queue-%d, languages: [xx]}\n", i)
	}
	plan.WriteString("  - {name: rest}\nagents: [{name: agent 2, languages: [ja, ko, zh]}]\n")
	_, err := store.SetPlan(b.Context(), plan.String(), 0, "benchmark")
	require.NoError(b, err)
	for _, name := range []string{"agent 1", "agent 2"} {
		var agent desk.Actor
		require.NoError(b, pool.QueryRow(b.Context(), `SELECT id FROM agents WHERE name = $1`, name).Scan(&agent.ID))
		b.Run("Next/"+strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			percentile(b, func() error {
				ticket, err := store.Next(b.Context(), agent, time.Now())
				if err == nil && ticket == nil {
					b.Fatal("the queue is empty")
				}
				return err
			})
		})
	}
}

func percentile(b *testing.B, work func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		started := time.Now()
		require.NoError(b, work())
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
