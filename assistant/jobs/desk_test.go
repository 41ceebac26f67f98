package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tender notes that it was called.
type tender chan struct{}

func (c tender) Tend(context.Context) error {
	c <- struct{}{}
	return nil
}

func TestTheDesksClockIsLookedAtFromTheStart(t *testing.T) {
	t.Parallel()

	b := setup(t)
	called := make(tender, 10)
	require.NoError(t, b.workers.AddDesk(called))
	b.start(t)
	select {
	case <-called:
	case <-time.After(patience):
		require.FailNow(t, "nobody looked at the clock")
	}
}
