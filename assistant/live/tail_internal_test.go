package live

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(positions ...int64) []Event {
	events := make([]Event, len(positions))
	for i, position := range positions {
		events[i].Position = position
	}
	return events
}

func TestTail(t *testing.T) {
	t.Parallel()

	t.Run("BeginsAtTheEndOnceNothingRunsThatCouldWriteBefore", func(t *testing.T) {
		t.Parallel()

		var tail tail
		require.Empty(t, tail.take(Page{Last: 7}, noon), "who had a place before 7 may have come after the writers were read")
		require.False(t, tail.ready)
		require.Empty(t, tail.take(Page{Last: 9, Writers: []string{"a", "b"}}, noon))
		require.False(t, tail.ready)
		require.Empty(t, tail.take(Page{Last: 9, Writers: []string{"b", "c"}}, noon))
		require.False(t, tail.ready)
		require.Empty(t, tail.take(Page{Last: 9, Writers: []string{"c"}}, noon))
		require.True(t, tail.ready)
		require.EqualValues(t, 7, tail.settled)
	})

	t.Run("PassesNothingOnBeyondAGapThatMayStillFill", func(t *testing.T) {
		t.Parallel()

		tail := tail{ready: true, settled: 3}
		require.Equal(t, at(4), tail.take(Page{Events: at(4, 6)}, noon))
		require.Empty(t, tail.take(Page{Events: at(6, 7), Writers: []string{"a"}}, noon))
		require.Equal(t, at(5, 6, 7), tail.take(Page{Events: at(5, 6, 7)}, noon))
	})

	t.Run("SkipsAGapThatWasRolledBack", func(t *testing.T) {
		t.Parallel()

		tail := tail{ready: true, settled: 3}
		require.Empty(t, tail.take(Page{Events: at(5, 6)}, noon))
		require.Empty(t, tail.take(Page{Events: at(5, 6), Writers: []string{"a"}}, noon))
		require.Equal(t, at(5, 6), tail.take(Page{Events: at(5, 6, 8), Writers: []string{"b"}}, noon))
		require.Empty(t, tail.take(Page{Events: at(8), Writers: []string{"b"}}, noon), "the next gap is waited for by itself")
		require.Equal(t, at(8), tail.take(Page{Events: at(8)}, noon))
	})

	t.Run("WaitsForAForgottenTransactionNoLongerThanAMinute", func(t *testing.T) {
		t.Parallel()

		tail := tail{ready: true, settled: 3}
		forgotten := Page{Events: at(5), Writers: []string{"a"}}
		require.Empty(t, tail.take(forgotten, noon))
		require.Empty(t, tail.take(forgotten, noon.Add(gapPatience-1)))
		require.Equal(t, at(5), tail.take(forgotten, noon.Add(gapPatience)))
	})
}

// A database of 300 transactions that write in one order and end in another, some never: what the tail passes on is exactly
// what was committed, in order.
func TestTailPassesOnExactlyWhatIsCommitted(t *testing.T) {
	t.Parallel()

	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		type transaction struct {
			ended, committed bool
			position         int64
		}
		var all []*transaction
		var passed []int64
		tail := tail{ready: true}
		end := func() {
			if len(all) == 0 {
				return
			}
			tx := all[max(0, len(all)-1-random.IntN(10))]
			if !tx.ended {
				tx.ended, tx.committed = true, random.IntN(4) > 0
			}
		}
		look := func() {
			var page Page
			for id, tx := range all {
				if !tx.ended && tail.waits() {
					page.Writers = append(page.Writers, strconv.Itoa(id))
				}
			}
			end() // between the two readings
			for _, tx := range all {
				if tx.committed && tx.position > tail.settled {
					page.Events = append(page.Events, Event{Position: tx.position})
				}
			}
			if len(page.Events) > 5 { // a page has an end
				page.Events = page.Events[:5]
			}
			for _, event := range tail.take(page, noon) {
				passed = append(passed, event.Position)
			}
		}
		for len(all) < 300 {
			switch random.IntN(3) {
			case 0:
				all = append(all, &transaction{position: int64(len(all) + 1)})
			case 1:
				end()
			default:
				look()
			}
		}
		var want []int64
		for _, tx := range all {
			tx.ended = true
			if tx.committed {
				want = append(want, tx.position)
			}
		}
		for range 300 {
			look()
		}
		require.Equal(t, want, passed, "seed %d", seed)
	}
}
