package admission

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// busyWait is what a replica without a free place tells: a question takes seconds at most, and another replica may have one.
const busyWait = 2 * time.Second

// maxPressure is how long work may wait for a connection to the database before nothing ordinary is added to it. A case for a person
// waits some ten times for one.
const maxPressure = 100 * time.Millisecond

// Config is what a Gate is made of.
type Config struct {
	Clock  func() time.Time
	Key    Rate // of questions with one key
	Lease  LeaseFunc
	Logger *slog.Logger
	Places int // questions that this replica works on at a time, cases for a person apart
	// Pressure is how long work waited for a connection lately. Nil is none.
	Pressure func() time.Duration
	Total    Rate // of all questions
	// Visitor is the rate of questions from one network, or of one customer that the host site vouches for.
	Visitor Rate
}

// Validate reports the first part that is missing.
func (c Config) Validate() error {
	switch {
	case c.Clock == nil:
		return errors.New("clock is missing")
	case c.Lease == nil:
		return errors.New("lease is missing")
	case c.Logger == nil:
		return errors.New("logger is missing")
	case c.Places < 1:
		return errors.New("places must be 1 or more")
	}
	return nil
}

// Gate lets questions in. It is safe for concurrent use.
type Gate struct {
	Config

	ordinary chan struct{} // taken places
	urgent   chan struct{} // taken places that are kept for cases for a person

	mu       sync.Mutex
	shares   map[name]*share
	sweepAt  time.Time
	unleased bool // the last lease failed: the log has been told
}

// New returns a Gate that everybody may enter.
func New(config Config) (*Gate, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Gate{
		Config:   config,
		ordinary: make(chan struct{}, config.Places),
		shares:   make(map[name]*share),
		urgent:   make(chan struct{}, max(1, config.Places/urgentShare)),
	}, nil
}

// Enter takes a question, or returns a *Refusal at once. The caller calls leave when the question has ended.
func (g *Gate) Enter(ctx context.Context, visit Visit) (leave func(), err error) {
	// Places bound what a slow model holds up; this, what a machine can do.
	if g.Pressure != nil && g.Pressure() > maxPressure {
		return nil, &Refusal{Limit: LimitPlaces, RetryAfter: busyWait}
	}
	select {
	case g.ordinary <- struct{}{}:
	default:
		return nil, &Refusal{Limit: LimitPlaces, RetryAfter: busyWait}
	}
	if err := g.spend(ctx, visit); err != nil {
		<-g.ordinary
		return nil, err
	}
	return func() { <-g.ordinary }, nil
}

// EnterUrgent takes a case for a person. No rate holds it back; it waits for a place where there is none, in a line that
// nobody else stands in.
func (g *Gate) EnterUrgent(ctx context.Context) (leave func(), err error) {
	select {
	case g.urgent <- struct{}{}:
		return func() { <-g.urgent }, nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, urgentWait)
	defer cancel()
	select {
	case g.urgent <- struct{}{}:
		return func() { <-g.urgent }, nil
	case g.ordinary <- struct{}{}:
		return func() { <-g.ordinary }, nil
	case <-ctx.Done():
		return nil, &Refusal{Limit: LimitPlaces, RetryAfter: busyWait}
	}
}

// Taken is how many questions are being worked on: others, and cases for a person in places of their own.
func (g *Gate) Taken() (ordinary, urgent int) { return len(g.ordinary), len(g.urgent) }

// spend takes a token of each bucket, or of none. The narrowest comes first: who floods the desk is stopped by a limit of its
// own, before it uses up what all share.
func (g *Gate) spend(ctx context.Context, visit Visit) error {
	var spent []*share
	for _, b := range []bucket{
		{limit: LimitVisitor, rate: g.Visitor, whose: visit.Visitor},
		{limit: LimitKey, rate: g.Key, whose: visit.Key},
		{limit: LimitTotal, rate: g.Total, whose: "all"},
	} {
		if b.rate.unlimited() || b.whose == "" {
			continue
		}
		s, wait := g.take(ctx, b)
		if wait > 0 {
			g.giveBack(spent)
			return &Refusal{Limit: b.limit, RetryAfter: wait}
		}
		spent = append(spent, s)
	}
	return nil
}

// bucket is a limit on somebody.
type bucket struct {
	limit Limit
	rate  Rate
	whose string
}

// name is that of a bucket: a hash, so that neither the memory nor the database keeps who visits.
type name [sha256.Size]byte

func (b bucket) name() name { return sha256.Sum256([]byte(string(b.limit) + "\x00" + b.whose)) }
