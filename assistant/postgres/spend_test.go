package postgres_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestLedger(t *testing.T) {
	t.Parallel()

	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

	t.Run("WhatIsGivenBackIsExactlyWhatWasReserved", func(t *testing.T) {
		t.Parallel()

		ledger := postgres.NewLedger(pgtest.DB(t))
		charge := llm.Charge{Conversation: "c1", Cost: 1_234_567, Day: day, Tokens: 300}
		granted, err := ledger.Reserve(t.Context(), charge, llm.Limits{DailyTokens: 300})
		require.NoError(t, err)
		require.True(t, granted)
		charge.Cost, charge.Tokens = -charge.Cost, -charge.Tokens
		require.NoError(t, ledger.Add(t.Context(), charge))

		spent, err := ledger.Day(t.Context(), day.Add(23*time.Hour))
		require.NoError(t, err)
		require.Equal(t, postgres.Spend{Day: day}, spent)
	})

	t.Run("WhatACallCostKeepsNobodyWaitingForTheDisk", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		_, err := pool.Exec(t.Context(), `
			DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$;
			CREATE TABLE seen (waits text);
			CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
				$$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
			CREATE TRIGGER see AFTER INSERT OR UPDATE ON model_spend_days FOR EACH ROW EXECUTE FUNCTION see();`)
		require.NoError(t, err)
		pool.Reset() // for connections that have the setting
		ledger := postgres.NewLedger(pool)
		charge := llm.Charge{Conversation: "c1", Cost: 1, Day: day, Tokens: 1}
		_, err = ledger.Reserve(t.Context(), charge, llm.Limits{DailyTokens: 300})
		require.NoError(t, err)
		require.NoError(t, ledger.Add(t.Context(), charge))
		_, err = ledger.Reserve(t.Context(), charge, llm.Limits{DailyTokens: 300})
		require.NoError(t, err)

		var seen []string
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT array_agg(waits) FROM seen`).Scan(&seen))
		require.Equal(t, []string{"on", "off", "on"}, seen, "a limit rests on a reservation")
	})

	t.Run("EachLimitHoldsAlsoForTheFirstCall", func(t *testing.T) {
		t.Parallel()

		for name, limits := range map[string]llm.Limits{
			"conversation cost": {ConversationCost: 10}, "conversation tokens": {ConversationTokens: 10},
			"daily cost": {DailyCost: 10}, "daily tokens": {DailyTokens: 10},
		} {
			ledger := postgres.NewLedger(pgtest.DB(t))
			reserve := func(charge llm.Charge) bool {
				charge.Day = day
				granted, err := ledger.Reserve(t.Context(), charge, limits)
				require.NoError(t, err, name)
				return granted
			}
			require.False(t, reserve(llm.Charge{Conversation: "c1", Cost: 11, Tokens: 11}), name)
			require.True(t, reserve(llm.Charge{Conversation: "c1", Cost: 6, Tokens: 6}), name)
			require.False(t, reserve(llm.Charge{Conversation: "c1", Cost: 5, Tokens: 5}), name)
			require.True(t, reserve(llm.Charge{Conversation: "c1", Cost: 4, Tokens: 4}), name)
			spent, err := ledger.Day(t.Context(), day)
			require.NoError(t, err)
			require.Equal(t, postgres.Spend{Cost: 10, Day: day, Tokens: 10}, spent, "what was refused is charged to nobody: "+name)
		}
	})

	t.Run("AnotherConversationAndAnotherDayHaveTheirOwn", func(t *testing.T) {
		t.Parallel()

		ledger := postgres.NewLedger(pgtest.DB(t))
		limits := llm.Limits{ConversationTokens: 10, DailyTokens: 15}
		for _, step := range []struct {
			charge  llm.Charge
			granted bool
		}{
			{llm.Charge{Conversation: "c1", Day: day, Tokens: 10}, true},
			{llm.Charge{Conversation: "c1", Day: day.Add(24 * time.Hour), Tokens: 1}, false},
			{llm.Charge{Conversation: "c2", Day: day, Tokens: 5}, true},
			{llm.Charge{Conversation: "c3", Day: day, Tokens: 5}, false},
			{llm.Charge{Conversation: "c3", Day: day.Add(24 * time.Hour), Tokens: 5}, true},
		} {
			granted, err := ledger.Reserve(t.Context(), step.charge, limits)
			require.NoError(t, err)
			require.Equal(t, step.granted, granted, step.charge)
		}
	})

	t.Run("ReplicasThatRaceSpendNoMoreThanTheLimit", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		replicas := []*postgres.Ledger{postgres.NewLedger(pool), postgres.NewLedger(pool)}
		var granted atomic.Int64
		var group sync.WaitGroup
		for i := range 40 {
			group.Go(func() {
				charge := llm.Charge{Conversation: []string{"a", "b", "c"}[i%3], Day: day, Tokens: 10}
				ok, err := replicas[i%2].Reserve(t.Context(), charge, llm.Limits{ConversationTokens: 1000, DailyTokens: 105})
				if err == nil && ok {
					granted.Add(1)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 10, granted.Load())
		spent, err := replicas[0].Day(t.Context(), day)
		require.NoError(t, err)
		require.EqualValues(t, 100, spent.Tokens)
	})

	t.Run("ChargesThatMeetAreWrittenTogether", func(t *testing.T) {
		t.Parallel()

		const calls = 40
		pool := pgtest.DB(t)
		ledger := postgres.NewLedger(pool)
		require.NoError(t, ledger.Add(t.Context(), llm.Charge{Day: day, Tokens: 1}))
		blocker, err := pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = blocker.Exec(t.Context(), `SELECT FROM model_spend_days FOR UPDATE`)
		require.NoError(t, err)
		var group sync.WaitGroup
		add := func(charge llm.Charge) {
			group.Go(func() {
				if err := ledger.Add(t.Context(), charge); err != nil {
					t.Errorf("add: %v", err)
				}
			})
		}
		add(llm.Charge{Conversation: "first", Cost: 1, Day: day, Tokens: 2})
		require.Eventually(t, func() bool { return blocked(t, pool) }, time.Minute, time.Millisecond)
		for i := range calls {
			add(llm.Charge{Conversation: strconv.Itoa(i / 2), Cost: 1, Day: day, Tokens: 2})
		}
		require.Eventually(t, func() bool { return ledger.Waiting() == calls }, time.Minute, time.Millisecond)
		require.NoError(t, blocker.Rollback(t.Context()))
		group.Wait()

		spent, err := ledger.Day(t.Context(), day)
		require.NoError(t, err)
		require.Equal(t, postgres.Spend{Cost: calls + 1, Day: day, Tokens: 2*calls + 3}, spent)
		var conversations, transactions, least int
		require.NoError(t, pool.QueryRow(t.Context(), `
			SELECT count(*), count(DISTINCT xmin::text), min(tokens) FILTER (WHERE conversation <> 'first') FROM model_spend_conversations`).
			Scan(&conversations, &transactions, &least))
		require.Equal(t, calls/2+1, conversations)
		require.Equal(t, 2, transactions, "the first, and all that waited for it")
		require.Equal(t, 4, least, "two calls each")
	})

	t.Run("WhoStopsWaitingTakesNobodyAlong", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		ledger := postgres.NewLedger(pool)
		require.NoError(t, ledger.Add(t.Context(), llm.Charge{Day: day, Tokens: 1}))
		blocker, err := pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = blocker.Exec(t.Context(), `SELECT FROM model_spend_days FOR UPDATE`)
		require.NoError(t, err)
		leaving, leave := context.WithCancel(t.Context())
		left, stayed := make(chan error, 1), make(chan error, 1)
		go func() { left <- ledger.Add(leaving, llm.Charge{Day: day, Tokens: 2}) }()
		require.Eventually(t, func() bool { return blocked(t, pool) }, time.Minute, time.Millisecond)
		go func() { stayed <- ledger.Add(t.Context(), llm.Charge{Day: day, Tokens: 4}) }()
		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		require.NoError(t, blocker.Rollback(t.Context()))
		require.NoError(t, <-stayed)
		spent, err := ledger.Day(t.Context(), day)
		require.NoError(t, err)
		require.EqualValues(t, 7, spent.Tokens)
	})

	t.Run("ConversationsOfLongAgoAreForgottenWhenADayBegins", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		ledger := postgres.NewLedger(pool)
		require.NoError(t, ledger.Add(t.Context(), llm.Charge{Conversation: "old", Day: day.AddDate(0, -6, 0), Tokens: 1}))
		require.NoError(t, ledger.Add(t.Context(), llm.Charge{Conversation: "new", Day: day, Tokens: 1}))
		var kept string
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT conversation FROM model_spend_conversations`).Scan(&kept))
		require.Equal(t, "new", kept)
	})
}

// blocked reports whether somebody waits for a lock in the database.
func blocked(t *testing.T, pool *pgxpool.Pool) bool {
	t.Helper()
	var waiting bool
	err := pool.QueryRow(t.Context(), `
		SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
	require.NoError(t, err)
	return waiting
}
