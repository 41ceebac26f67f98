package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watcher notes that it was called.
type watcher chan struct{}

func (w watcher) Watch(context.Context) error {
	w <- struct{}{}
	return nil
}

func TestTrafficIsWatchedFromTheStart(t *testing.T) {
	t.Parallel()

	b := setup(t)
	called := make(watcher, 10)
	require.NoError(t, b.workers.AddDrift(called))
	b.start(t)
	select {
	case <-called:
	case <-time.After(patience):
		require.FailNow(t, "nobody looked at the traffic")
	}
}
