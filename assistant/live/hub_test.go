package live_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/live"
)

// table is a table of events whose transactions have all ended.
type table struct {
	announced chan struct{}
	mu        sync.Mutex
	events    []live.Event
	reads     int
}

func (b *table) countReads() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reads
}

func (b *table) write(n int) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.events = append(b.events, live.Event{Position: int64(len(b.events) + 1), Type: "ticket.opened"})
	}
	return int64(len(b.events))
}

func (b *table) read(_ context.Context, r live.Reading) (live.Page, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	return live.Page{Events: append([]live.Event{}, b.events[r.After:]...), Last: int64(len(b.events))}, nil
}

func start(t *testing.T, limit int) (*live.Hub, *table, context.CancelFunc) {
	t.Helper()
	b := &table{announced: make(chan struct{}, 1000)}
	hub := live.NewHub(live.Config{
		Announce: func(context.Context) error { b.announced <- struct{}{}; return nil },
		Clock:    time.Now,
		Listen:   func(ctx context.Context, _ func()) error { <-ctx.Done(); return nil },
		Logger:   slog.New(slog.DiscardHandler),
		Max:      limit,
		Read:     b.read,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return hub, b, cancel
}

func all(live.Event) bool { return true }

func TestHub(t *testing.T) {
	t.Parallel()

	t.Run("PassesOnWhatComesAndTellsOtherReplicas", func(t *testing.T) {
		t.Parallel()

		hub, b, _ := start(t, 10)
		b.write(3)
		sub, err := hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
		first := sub.Start()
		hub.Expect(b.write(2))
		for position := first + 1; position <= 5; position++ {
			require.Equal(t, position, (<-sub.Events()).Position)
		}
		<-b.announced
	})

	t.Run("EndsAConsumerThatDoesNotKeepUpAndKeepsTheOthers", func(t *testing.T) {
		t.Parallel()

		hub, b, _ := start(t, 10)
		slow, err := hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
		quick, err := hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
		const total = 2000
		done := make(chan int)
		go func() {
			read := 0
			for read < total {
				<-quick.Events()
				read++
			}
			done <- read
		}()
		for range total / 20 {
			written := b.write(20)
			hub.Expect(written)
			require.Eventually(t, func() bool { position, idle := quick.Idle(); return idle && position == written }, 2*time.Minute, time.Millisecond)
		}
		require.Equal(t, total, <-done)
		require.Eventually(t, func() bool { return hub.Count() == 1 }, 2*time.Minute, time.Millisecond)
		require.ErrorIs(t, slow.Err(), live.ErrSlow)
		require.NoError(t, quick.Err())
	})

	t.Run("TakesNoMoreThanItMay", func(t *testing.T) {
		t.Parallel()

		hub, _, _ := start(t, 1)
		sub, err := hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
		_, err = hub.Subscribe(t.Context(), all)
		require.ErrorIs(t, err, live.ErrFull)
		sub.Close()
		_, err = hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
	})

	t.Run("EndsEverySubscriptionWhenTheServiceStops", func(t *testing.T) {
		t.Parallel()

		hub, _, stop := start(t, 1)
		sub, err := hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
		stop()
		_, open := <-sub.Events()
		require.False(t, open)
		require.ErrorIs(t, sub.Err(), live.ErrClosed)
		_, err = hub.Subscribe(t.Context(), all)
		require.ErrorIs(t, err, live.ErrClosed)
	})
}

func TestHubReadsOnceWhatComesTogether(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const events = 50
		hub, b, cancel := start(t, 1)
		sub, err := hub.Subscribe(t.Context(), all)
		require.NoError(t, err)
		synctest.Wait()
		before := b.countReads()
		for range events {
			hub.Expect(b.write(1))
			time.Sleep(10 * time.Microsecond)
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		require.Len(t, sub.Events(), events)
		require.Equal(t, before+1, b.countReads())
		cancel()
	})
}
