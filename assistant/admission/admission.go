// Package admission decides how many questions a desk takes: from one visitor, with one key, in all, and at a time.
//
// The first three are token buckets that all replicas share through a database, the last is a number of places on this
// replica. A bucket's row is not visited for each question. A replica leases tokens and spends them from memory: one at
// first, and twice as many each time that a lease was used up before it ended. So a quiet desk leases a token a question,
// when nobody else wants the row, and a flood, when everybody does, visits it once for up to a quarter of the burst. The
// price: what a replica has leased and does not use is lost (at most one lease), and just after it began to hold a lease it
// may take that much more than the bucket holds. Over any time, at most
//
//	burst + rate * time + replicas * burst/4
//
// questions pass a limit. A limit that is used up is remembered until it has a token again: a flood that is refused costs the
// database nothing.
//
// Who must reach a person passes all buckets and has places that nobody else can take: package assistant says who that is.
// Nothing waits in a queue here but such a case, for a place, and for no longer than urgentWait.
package admission

import (
	"context"
	"fmt"
	"time"
)

const (
	// leaseLife is how long leased tokens may be spent. It bounds what is lost when traffic moves to another replica.
	leaseLife = 5 * time.Second
	// leaseShare is the part of a burst that one lease may take: with fewer, larger ones one replica could starve the others.
	leaseShare = 4
	// leaseTimeout is long for an update by primary key, and short for a customer.
	leaseTimeout = time.Second
	// urgentWait is how long a case for a person waits for a place. It takes milliseconds to make a ticket, so that is a line of
	// thousands, and still far below the deadline.
	urgentWait = 5 * time.Second
	// urgentShare is how many places are kept for such cases, as a part of those of all others.
	urgentShare = 4
)

// Limit names what a question was refused by.
type Limit string

// The limits.
const (
	LimitKey     Limit = "key"     // too many questions with this key
	LimitPlaces  Limit = "places"  // this replica is full
	LimitTotal   Limit = "total"   // the desk takes no more questions than this
	LimitVisitor Limit = "visitor" // too many questions from this network or customer
)

// Rate is how fast a bucket fills and how much it holds. Zero takes everything.
type Rate struct {
	Burst     int     // questions at once
	PerSecond float64 // questions
}

// PerMinute is the rate that takes so many questions a minute, and a sixth of them, at least five, at once: a person types
// no faster, and a page that is opened by many at the same time is served.
func PerMinute(questions int) Rate {
	const leastBurst, burstsInMinute = 5, 6
	return Rate{Burst: max(leastBurst, questions/burstsInMinute), PerSecond: float64(questions) / time.Minute.Seconds()}
}

// unlimited reports whether the rate takes everything.
func (r Rate) unlimited() bool { return r.PerSecond <= 0 }

// Request asks for tokens of a bucket.
type Request struct {
	Name []byte // of the bucket, 32 bytes
	Rate Rate
	Want int // at least 1
}

// Lease is what was granted.
type Lease struct {
	Granted int           // tokens, 0 to Want
	Wait    time.Duration // until the bucket has a token again; zero when some were granted
}

// LeaseFunc takes tokens out of a bucket that all replicas share.
type LeaseFunc func(ctx context.Context, request Request) (Lease, error)

// Refusal says why a question is not taken. It is an error that passes.
type Refusal struct { //nolint:errname // the word of the field
	Limit      Limit
	RetryAfter time.Duration
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("refused by the limit %q for %s", r.Limit, r.RetryAfter)
}

// Visit is whose question it is.
type Visit struct {
	Key     string // id of the API key
	Visitor string // network or customer; empty is nobody's, and not limited
}
