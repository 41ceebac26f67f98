package postgres_test

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestLeaseTokens(t *testing.T) {
	t.Parallel()

	begin := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	tokens := func(name string, want int) admission.Request {
		sum := sha256.Sum256([]byte(name))
		return admission.Request{Name: sum[:], Rate: admission.Rate{Burst: 10, PerSecond: 2}, Want: want}
	}
	lease := func(t *testing.T, store *postgres.Store, request admission.Request) admission.Lease {
		t.Helper()
		got, err := store.LeaseTokens(context.WithoutCancel(t.Context()), request)
		require.NoError(t, err)
		return got
	}

	t.Run("GrantsWhatIsThereThenSaysWhenThereIsMore", func(t *testing.T) {
		t.Parallel()

		at := begin
		store := postgres.New(pgtest.DB(t), func() time.Time { return at }, nil)
		require.Equal(t, admission.Lease{Granted: 8}, lease(t, store, tokens("a", 8)))
		require.Equal(t, admission.Lease{Granted: 2}, lease(t, store, tokens("a", 8)))
		require.Equal(t, admission.Lease{Wait: 500 * time.Millisecond}, lease(t, store, tokens("a", 1)))
		require.Equal(t, admission.Lease{Granted: 10}, lease(t, store, tokens("b", 99)), "each name has a bucket, never above its burst")
		at = begin.Add(1500 * time.Millisecond)
		require.Equal(t, admission.Lease{Granted: 3}, lease(t, store, tokens("a", 8)))
		at = begin.Add(time.Hour)
		require.Equal(t, admission.Lease{Granted: 10}, lease(t, store, tokens("a", 99)))
		at = begin
		require.Zero(t, lease(t, store, tokens("a", 1)).Granted, "a clock that is behind fills nothing")
	})

	t.Run("RacingReplicasNeverTakeMoreThanTheBurst", func(t *testing.T) {
		t.Parallel()

		store := postgres.New(pgtest.DB(t), func() time.Time { return begin }, nil)
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

		at, pool := begin, pgtest.DB(t)
		store := postgres.New(pool, func() time.Time { return at }, nil)
		lease(t, store, tokens("old", 1))
		at = begin.Add(2 * time.Hour)
		lease(t, store, tokens("new", 1))
		require.NoError(t, store.ForgetBuckets(t.Context()))
		var left int
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM admission_buckets`).Scan(&left))
		require.Equal(t, 1, left)
	})
}
