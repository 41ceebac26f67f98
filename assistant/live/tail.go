package live

import "time"

// gapPatience is how long a gap is waited for whatever the database says. A transaction that writes an event ends within
// seconds; one that stands open for longer, such as a forgotten session of an operator, is none of the desk's.
const gapPatience = time.Minute

// tail decides which events may be passed on. Everything up to settled has been, and no event will appear there any more.
//
// A gap is a transaction that has not ended, or one that was rolled back. When a gap is seen, the transaction that the
// database would begin next is noted: who could fill the gap has begun before (an event is written after its change, so its
// transaction is known to the database by then). Once the oldest running transaction is that one or later, what is still
// missing will never come.
type tail struct {
	below   int64 // gaps before this position are waited for
	next    uint64
	ready   bool // settled is known
	settled int64
	since   time.Time
}

// take returns the events of a page that may be passed on. The page begins behind settled.
func (t *tail) take(page Page, now time.Time) []Event {
	decided := int64(0) // gaps before it are decided
	if t.below > 0 && (page.Running >= t.next || now.Sub(t.since) >= gapPatience) {
		decided, t.below = t.below, 0
	}
	if !t.ready {
		t.begin(page, decided, now)
		return nil
	}
	for i, event := range page.Events {
		if event.Position != t.settled+1 && event.Position > decided {
			if t.below == 0 {
				t.below, t.next, t.since = page.Events[len(page.Events)-1].Position, page.Next, now
			}
			return page.Events[:i]
		}
		t.settled = event.Position
	}
	return page.Events
}

// begin finds out where the hub starts: at the end of the table, once nothing before it can appear any more.
func (t *tail) begin(page Page, decided int64, now time.Time) {
	switch {
	case decided > 0:
		t.ready, t.settled = true, decided
	case t.below > 0:
	case page.Last == 0 || page.Running >= page.Next:
		t.ready, t.settled = true, page.Last
	default:
		t.below, t.next, t.since = page.Last, page.Next, now
	}
}
