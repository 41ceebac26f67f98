package admission

import (
	"context"
	"log/slog"
	"time"
)

const (
	// maxShares bounds the memory that visitors take, some 10 MB. Visitors beyond it share one bucket until others have left.
	maxShares = 1 << 16
	// sweepInterval is how often shares that nobody uses are dropped.
	sweepInterval = 2 * leaseLife
)

// share is what this replica has leased of a bucket.
type share struct {
	blockedFor   time.Duration // after the bucket was found empty
	blockedUntil time.Time
	endsAt       time.Time     // of the lease
	fetched      chan struct{} // closed when the lease that is being fetched is there; nil when none is
	tokens       int
	want         int // of the next lease
}

// blocked is how long the bucket is known to be empty. A clock that was set back since says nothing.
func (s *share) blocked(now time.Time) time.Duration {
	if left := s.blockedUntil.Sub(now); left <= s.blockedFor {
		return left
	}
	return 0
}

// take takes a token, or says how long there is none.
func (g *Gate) take(ctx context.Context, b bucket) (*share, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, s := g.shareOf(b)
	for {
		now := g.Clock()
		switch {
		case s.tokens > 0 && now.Before(s.endsAt):
			s.tokens--
			return s, 0
		case s.blocked(now) > 0:
			return s, s.blocked(now)
		case s.fetched == nil:
			g.fetch(ctx, s, Request{Name: n[:], Rate: b.rate})
		default:
			fetched := s.fetched
			g.mu.Unlock()
			select {
			case <-fetched:
			case <-ctx.Done(): // the caller has left
			}
			g.mu.Lock()
			if ctx.Err() != nil {
				return s, busyWait
			}
		}
	}
}

// fetch leases tokens. One caller does it for all that wait; g.mu is held before and after.
func (g *Gate) fetch(ctx context.Context, s *share, request Request) {
	if s.tokens > 0 { // the last lease ended before it was used up: so much was not wanted
		s.tokens, s.want = 0, 1
	}
	s.want = min(max(s.want, 1), max(request.Rate.Burst/leaseShare, 1))
	request.Want = s.want
	s.fetched = make(chan struct{})
	g.mu.Unlock()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
	lease, err := g.Lease(bounded, request)
	cancel()
	g.mu.Lock()
	g.tell(ctx, err)
	if err != nil {
		// Without the database nobody knows what others took. A lease on credit keeps each replica within its own part; whether
		// a question can be stored, the store will say.
		lease = Lease{Granted: request.Want}
	}
	now := g.Clock()
	if lease.Granted > 0 {
		s.tokens, s.endsAt, s.want = lease.Granted, now.Add(leaseLife), 2*s.want
	} else {
		s.blockedFor, s.want = max(lease.Wait, time.Millisecond), 1
		s.blockedUntil = now.Add(s.blockedFor)
	}
	close(s.fetched)
	s.fetched = nil
}

// tell logs when leases begin to fail and when they work again, once each.
func (g *Gate) tell(ctx context.Context, err error) {
	switch {
	case err != nil && !g.unleased:
		g.Logger.WarnContext(ctx, "admission limits not shared: database fails", slog.Any("error", err))
	case err == nil && g.unleased:
		g.Logger.InfoContext(ctx, "admission limits shared again")
	}
	g.unleased = err != nil
}

// giveBack returns a token to each share.
func (g *Gate) giveBack(spent []*share) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range spent {
		s.tokens++
	}
}

// shareOf finds the share of a bucket, and the bucket's name. g.mu is held.
func (g *Gate) shareOf(b bucket) (name, *share) {
	if now := g.Clock(); !now.Before(g.sweepAt) {
		g.sweepAt = now.Add(sweepInterval)
		for n, s := range g.shares {
			if s.fetched == nil && now.After(s.endsAt) && s.blocked(now) <= 0 {
				delete(g.shares, n)
			}
		}
	}
	n := b.name()
	s, ok := g.shares[n]
	if !ok && b.limit == LimitVisitor && len(g.shares) >= maxShares {
		b.whose = "all beyond"
		n = b.name()
		s, ok = g.shares[n]
	}
	if !ok {
		s = &share{}
		g.shares[n] = s
	}
	return n, s
}
