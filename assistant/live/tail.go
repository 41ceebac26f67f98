package live

import (
	"slices"
	"time"
)

// gapPatience is how long a gap is waited for whatever the database says. A transaction that writes an event ends within
// seconds; one that stands open for longer, such as a forgotten session of an operator, is none of the desk's.
const gapPatience = time.Minute

// tail decides which events may be passed on. Everything up to settled has been, and no event will appear there any more.
//
// A gap is a transaction that has not ended, or one that was rolled back. When a gap is seen, the transactions that have
// written to the table and have not ended are noted: who could fill the gap is among them, or has ended already. Once all of
// them have ended, and the table was read after that, what is still missing will never come. Transactions that write
// something else do not matter, however long they take, and whichever database of the server they are in.
type tail struct {
	below   int64 // gaps before this position are waited for; 0 is no gap
	noted   bool  // writers is known
	ready   bool  // settled is known
	settled int64
	since   time.Time
	writers []string
}

// waits reports whether the next page is to come with its writers.
func (t *tail) waits() bool { return t.below > 0 || !t.ready }

// take returns the events of a page that may be passed on. The page begins behind settled.
func (t *tail) take(page Page, now time.Time) []Event {
	decided := t.decide(page.Writers, now) // gaps before it are decided
	if !t.ready {
		t.begin(page, decided, now)
		return nil
	}
	for i, event := range page.Events {
		if event.Position != t.settled+1 && event.Position > decided {
			if t.below == 0 {
				t.wait(page.Events[len(page.Events)-1].Position, now)
			}
			return page.Events[:i]
		}
		t.settled = event.Position
	}
	return page.Events
}

// wait begins to wait for the gaps before a position.
func (t *tail) wait(below int64, now time.Time) {
	t.below, t.noted, t.since, t.writers = below, false, now, nil
}

// decide returns the position before which gaps are there for good, or 0.
func (t *tail) decide(writers []string, now time.Time) int64 {
	if t.below == 0 {
		return 0
	}
	if !t.noted {
		t.noted, t.writers = true, writers
	}
	t.writers = slices.DeleteFunc(t.writers, func(noted string) bool { return !slices.Contains(writers, noted) })
	if len(t.writers) > 0 && now.Sub(t.since) < gapPatience {
		return 0
	}
	decided := t.below
	t.below = 0
	return decided
}

// begin finds out where the hub starts: at the end of the table, once nothing before it can appear any more.
func (t *tail) begin(page Page, decided int64, now time.Time) {
	switch {
	case decided > 0:
		t.ready, t.settled = true, decided
	case t.below > 0:
	case page.Last == 0:
		t.ready = true
	default:
		t.wait(page.Last, now)
	}
}
