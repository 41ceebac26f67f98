package postgres_test

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestLeaseTokens(t *testing.T) {
	t.Parallel()

	const slow = 0.001 // tokens a second: a test never waits for one
	tokens := func(name string, want int) admission.Request {
		sum := sha256.Sum256([]byte(name))
		return admission.Request{Name: sum[:], Rate: admission.Rate{Burst: 10, PerSecond: slow}, Want: want}
	}
	lease := func(t *testing.T, store *postgres.Store, request admission.Request) admission.Lease {
		t.Helper()
		got, err := store.LeaseTokens(context.WithoutCancel(t.Context()), request)
		require.NoError(t, err)
		return got
	}
	pass := func(t *testing.T, pool *pgxpool.Pool, seconds int) {
		t.Helper()
		_, err := pool.Exec(t.Context(), `UPDATE admission_buckets SET refilled_at = refilled_at - make_interval(secs => $1)`, seconds)
		require.NoError(t, err)
	}

	t.Run("GrantsWhatIsThereThenSaysWhenThereIsMore", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		store := postgres.New(pool, time.Now, nil)
		require.Equal(t, admission.Lease{Granted: 8}, lease(t, store, tokens("a", 8)))
		require.Equal(t, admission.Lease{Granted: 2}, lease(t, store, tokens("a", 8)))
		empty := lease(t, store, tokens("a", 1))
		require.Zero(t, empty.Granted)
		require.InDelta(t, 1/slow, empty.Wait.Seconds(), 200)
		require.Equal(t, admission.Lease{Granted: 10}, lease(t, store, tokens("b", 99)), "each name has a bucket, never above its burst")
		pass(t, pool, 3500)
		require.Equal(t, admission.Lease{Granted: 3}, lease(t, store, tokens("a", 8)))
		pass(t, pool, 100_000)
		require.Equal(t, admission.Lease{Granted: 10}, lease(t, store, tokens("a", 99)))
		pass(t, pool, -100_000)
		require.Zero(t, lease(t, store, tokens("a", 1)).Granted, "a clock that was set back fills nothing")
		pass(t, pool, 3500)
		require.Equal(t, admission.Lease{Granted: 3}, lease(t, store, tokens("a", 8)), "and goes on from there")
	})

	t.Run("AReplicaWhoseClockIsWrongShutsNobodyOut", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		ahead := postgres.New(pool, func() time.Time { return time.Now().Add(90 * time.Minute) }, nil)
		right := postgres.New(pool, time.Now, nil)
		require.Equal(t, admission.Lease{Granted: 10}, lease(t, ahead, tokens("a", 10)))
		pass(t, pool, 3500)
		require.Equal(t, admission.Lease{Granted: 3}, lease(t, right, tokens("a", 10)))
		require.Zero(t, lease(t, ahead, tokens("a", 10)).Granted, "nor does it get more")
		require.NoError(t, ahead.ForgetBuckets(t.Context()))
		require.Zero(t, lease(t, right, tokens("a", 10)).Granted, "a bucket in use is not forgotten")
	})

	t.Run("RacingReplicasNeverTakeMoreThanTheBurst", func(t *testing.T) {
		t.Parallel()

		store := postgres.New(pgtest.DB(t), time.Now, nil)
		var mu sync.Mutex
		var all sync.WaitGroup
		total := 0
		for range 30 {
			all.Go(func() {
				got, err := store.LeaseTokens(t.Context(), tokens("race", 1))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					total += got.Granted
				}
			})
		}
		all.Wait()
		require.Equal(t, 10, total)
	})

	t.Run("ForgetsBucketsThatHaveLongBeenFull", func(t *testing.T) {
		t.Parallel()

		pool := pgtest.DB(t)
		store := postgres.New(pool, time.Now, nil)
		lease(t, store, tokens("old", 1))
		pass(t, pool, 7200)
		lease(t, store, tokens("new", 1))
		require.NoError(t, store.ForgetBuckets(t.Context()))
		var left int
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM admission_buckets`).Scan(&left))
		require.Equal(t, 1, left)
	})
}
