package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestPressureIsHowLongWorkWaitsForAConnection(t *testing.T) {
	t.Parallel()

	pool, at := pgtest.DB(t), now()
	pressure := postgres.New(pool, func() time.Time { return at }, nil).Pressure()
	require.NoError(t, pool.Ping(t.Context()))
	pressure()

	// Twice as many as there are connections, each for a while: half of them wait.
	const hold = 0.5
	var all sync.WaitGroup
	for range 2 * pool.Config().MaxConns {
		all.Go(func() { _, _ = pool.Exec(t.Context(), `SELECT pg_sleep($1)`, hold) })
	}
	all.Wait()
	at = at.Add(time.Second)
	require.Greater(t, pressure(), time.Duration(hold*float64(time.Second)/4))

	at = at.Add(time.Second)
	require.Zero(t, pressure(), "nobody came since")
}
