package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// forgetter notes that it was called.
type forgetter chan struct{}

func (f forgetter) Forget(context.Context) error {
	f <- struct{}{}
	return nil
}

func TestWhatIsOldIsForgottenFromTheStart(t *testing.T) {
	t.Parallel()

	b := setup(t)
	called := make(forgetter, 10)
	require.NoError(t, b.workers.AddRetention(called))
	b.start(t)
	select {
	case <-called:
	case <-time.After(patience):
		require.FailNow(t, "nothing was forgotten")
	}
}
