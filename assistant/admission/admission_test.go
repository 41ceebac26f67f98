package admission_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/admission"
)

// desk is the shared buckets and the clock of several gates. Buckets do not fill by themselves.
type desk struct {
	mu      sync.Mutex
	broken  error
	buckets map[string]int
	leases  int
	now     time.Time
}

func newDesk() *desk {
	return &desk{buckets: map[string]int{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) pass(elapsed time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(elapsed)
}

func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.leases
}

func (d *desk) lease(_ context.Context, r admission.Request) (admission.Lease, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leases++
	if d.broken != nil {
		return admission.Lease{}, d.broken
	}
	left, known := d.buckets[string(r.Name)]
	if !known {
		left = r.Rate.Burst
	}
	granted := min(left, r.Want)
	d.buckets[string(r.Name)] = left - granted
	if granted == 0 {
		return admission.Lease{Wait: time.Minute}, nil
	}
	return admission.Lease{Granted: granted}, nil
}

func (d *desk) gate(t *testing.T, c admission.Config) *admission.Gate {
	t.Helper()
	c.Clock, c.Lease, c.Logger = d.clock, d.lease, slog.New(slog.DiscardHandler)
	if c.Places == 0 {
		c.Places = 10
	}
	gate, err := admission.New(c)
	require.NoError(t, err)
	return gate
}

func rate(burst int) admission.Rate { return admission.Rate{Burst: burst, PerSecond: 1} }

// enter asks once and gives the place back.
func enter(t *testing.T, gate *admission.Gate, visit admission.Visit) error {
	t.Helper()
	leave, err := gate.Enter(t.Context(), visit)
	if err == nil {
		leave()
	}
	return err
}

func refusedBy(t *testing.T, err error) admission.Refusal {
	t.Helper()
	refusal, ok := errors.AsType[*admission.Refusal](err)
	require.True(t, ok, "%v", err)
	require.Positive(t, refusal.RetryAfter)
	return *refusal
}

func TestGateEnter(t *testing.T) {
	t.Parallel()
	visit := admission.Visit{Key: "key", Visitor: "visitor"}

	t.Run("TakesTheBurstAndNoMore", func(t *testing.T) {
		t.Parallel()

		gate := newDesk().gate(t, admission.Config{Key: rate(7)})
		for range 7 {
			require.NoError(t, enter(t, gate, visit))
		}
		require.Equal(t, admission.Refusal{Limit: admission.LimitKey, RetryAfter: time.Minute}, refusedBy(t, enter(t, gate, visit)))
		require.NoError(t, enter(t, gate, admission.Visit{Key: "other"}), "another key has a limit of its own")
	})

	t.Run("ReplicasTogetherTakeTheBurstAndNoMore", func(t *testing.T) {
		t.Parallel()

		d, taken := newDesk(), 0
		gates := []*admission.Gate{d.gate(t, admission.Config{Total: rate(100)}), d.gate(t, admission.Config{Total: rate(100)})}
		for i := range 300 {
			if enter(t, gates[i%2], visit) == nil {
				taken++
			}
		}
		require.Equal(t, 100, taken)
	})

	t.Run("AFloodVisitsTheSharedBucketRarelyAndAQuietDeskLosesNothing", func(t *testing.T) {
		t.Parallel()

		d := newDesk()
		gate := d.gate(t, admission.Config{Total: rate(1000)})
		for range 10 {
			require.NoError(t, enter(t, gate, visit))
			d.pass(time.Minute)
		}
		require.Equal(t, 10, d.count(), "one token a lease, when one is used before the lease ends")
		for range 900 {
			require.NoError(t, enter(t, gate, visit))
		}
		require.Less(t, d.count(), 10+15)
	})

	t.Run("ARefusedFloodVisitsItNoMoreUntilThereIsAToken", func(t *testing.T) {
		t.Parallel()

		d := newDesk()
		gate := d.gate(t, admission.Config{Visitor: rate(1)})
		require.NoError(t, enter(t, gate, visit))
		require.Error(t, enter(t, gate, visit))
		before := d.count()
		for range 1000 {
			refusedBy(t, enter(t, gate, visit))
		}
		require.Equal(t, before, d.count())
		d.pass(time.Minute)
		require.Error(t, enter(t, gate, visit))
		require.Equal(t, before+1, d.count())
	})

	t.Run("AClockThatIsSetBackShutsNobodyOut", func(t *testing.T) {
		t.Parallel()

		d := newDesk()
		gate := d.gate(t, admission.Config{Visitor: rate(1)})
		require.NoError(t, enter(t, gate, visit))
		require.Error(t, enter(t, gate, visit))
		d.pass(-90 * time.Minute)
		before := d.count()
		require.Equal(t, time.Minute, refusedBy(t, enter(t, gate, visit)).RetryAfter)
		require.Equal(t, before+1, d.count(), "it is asked again whether there is a token")
	})

	t.Run("WhatAWiderLimitRefusesIsNotCountedByANarrowerOne", func(t *testing.T) {
		t.Parallel()

		gate := newDesk().gate(t, admission.Config{Total: rate(1), Visitor: rate(2)})
		require.NoError(t, enter(t, gate, visit))
		for range 5 {
			require.Equal(t, admission.LimitTotal, refusedBy(t, enter(t, gate, visit)).Limit)
		}
	})

	t.Run("ManyAtOnceShareOneLeaseAndStayWithinTheBurst", func(t *testing.T) {
		t.Parallel()

		gate := newDesk().gate(t, admission.Config{Places: 500, Total: rate(60)})
		var taken, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				_, err := gate.Enter(t.Context(), visit)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken++
				} else {
					refused++
				}
			})
		}
		all.Wait()
		require.Equal(t, 60, taken)
		require.Equal(t, 140, refused)
	})

	t.Run("WithoutTheDatabaseQuestionsAreTakenOnCredit", func(t *testing.T) {
		t.Parallel()

		d := newDesk()
		d.broken = errors.New("down")
		gate := d.gate(t, admission.Config{Total: rate(1)})
		require.NoError(t, enter(t, gate, visit))
	})

	t.Run("NobodyIsNoVisitorAndNoRateIsNoLimit", func(t *testing.T) {
		t.Parallel()

		gate := newDesk().gate(t, admission.Config{Visitor: rate(1)})
		for range 20 {
			require.NoError(t, enter(t, gate, admission.Visit{Key: "key"}))
		}
	})
}

func TestGateUnderPressure(t *testing.T) {
	t.Parallel()

	wait := time.Second
	gate := newDesk().gate(t, admission.Config{Places: 4, Pressure: func() time.Duration { return wait }})
	require.Equal(t, admission.LimitPlaces, refusedBy(t, enter(t, gate, admission.Visit{})).Limit)
	leave, err := gate.EnterUrgent(t.Context())
	require.NoError(t, err, "a case for a person is taken")
	leave()
	wait = time.Millisecond
	require.NoError(t, enter(t, gate, admission.Visit{}), "and everybody again when it is over")
}

func TestGateEnterUrgent(t *testing.T) {
	t.Parallel()

	t.Run("HasPlacesThatNobodyElseCanTake", func(t *testing.T) {
		t.Parallel()

		gate := newDesk().gate(t, admission.Config{Places: 4})
		for range 4 {
			_, err := gate.Enter(t.Context(), admission.Visit{})
			require.NoError(t, err)
		}
		require.Equal(t, admission.LimitPlaces, refusedBy(t, enter(t, gate, admission.Visit{})).Limit)
		leave, err := gate.EnterUrgent(t.Context())
		require.NoError(t, err)
		ordinary, urgent := gate.Taken()
		require.Equal(t, []int{4, 1}, []int{ordinary, urgent})
		leave()
	})

	t.Run("WaitsForAPlaceAndIsToldWhenItWaitedInVain", func(t *testing.T) {
		t.Parallel()

		gate := newDesk().gate(t, admission.Config{Places: 1})
		leaveOrdinary, err := gate.Enter(t.Context(), admission.Visit{})
		require.NoError(t, err)
		_, err = gate.EnterUrgent(t.Context())
		require.NoError(t, err)

		gone, leave := context.WithCancel(t.Context())
		leave()
		_, err = gate.EnterUrgent(gone)
		require.Equal(t, admission.LimitPlaces, refusedBy(t, err).Limit)

		entered := make(chan error, 1)
		go func() {
			_, err := gate.EnterUrgent(t.Context())
			entered <- err
		}()
		leaveOrdinary()
		require.NoError(t, <-entered)
	})
}
