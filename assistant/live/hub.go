package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// pollInterval is how late an event may come when no notification arrives.
	pollInterval = time.Second
	// gathering is how long a hub that is woken waits before it looks: an event of this process is told before its transaction ends, and
	// under load many come at once. It is far below what anybody notices.
	gathering = 5 * time.Millisecond
	// firstRetry and lastRetry are the steps in which the end of a transaction is waited for.
	firstRetry = 5 * time.Millisecond
	lastRetry  = 200 * time.Millisecond
	// expectFor is how long it is waited for; its transaction was rolled back otherwise.
	expectFor = 10 * time.Second
	// listenRetry is how long to wait after the connection for notifications was lost.
	listenRetry = time.Second
	// buffered is how many events a subscription may lag behind: two full pages, so that one burst ends nobody.
	buffered = 1024
)

// Why a subscription ended.
var (
	ErrClosed = errors.New("the service is stopping")
	ErrSlow   = errors.New("the consumer does not keep up")
)

// ErrFull is the refusal of another subscription.
var ErrFull = errors.New("too many consumers")

// Config is what a Hub is made of.
type Config struct {
	Announce func(ctx context.Context) error // tells the hubs of other replicas that there is something new
	Clock    func() time.Time
	Listen   func(ctx context.Context, woken func()) error // calls woken at each announcement, until the connection is lost
	Logger   *slog.Logger
	Max      int // subscriptions at once
	Read     func(ctx context.Context, r Reading) (Page, error)
}

// Reading asks for the next events behind a position, and for the writers that there were just before.
type Reading struct {
	After   int64
	Writers bool
}

// Hub follows the events and passes them on. It is safe for concurrent use.
type Hub struct {
	config Config
	ready  chan struct{} // closed when the position is known
	wake   chan struct{}

	mu       sync.Mutex
	closed   bool
	expected int64     // the latest position that this process has written
	until    time.Time // when to stop waiting for it
	subs     map[*Subscription]struct{}
	tail     tail
}

// NewHub returns a hub. Nothing is passed on before Run.
func NewHub(c Config) *Hub {
	return &Hub{config: c, ready: make(chan struct{}), subs: make(map[*Subscription]struct{}), wake: make(chan struct{}, 1)}
}

// Expect tells of an event that this process has written, in a transaction that need not have ended. It never waits.
func (h *Hub) Expect(position int64) {
	h.mu.Lock()
	h.expected, h.until = max(h.expected, position), h.config.Clock().Add(expectFor)
	h.mu.Unlock()
	h.rouse()
}

// Run follows the events until ctx ends; then every subscription ends too.
func (h *Hub) Run(ctx context.Context) {
	var listening sync.WaitGroup
	listening.Go(func() { h.listen(ctx) })
	defer listening.Wait()
	defer h.close()
	retry := firstRetry
	for {
		more, err := h.look(ctx)
		if err != nil && ctx.Err() == nil {
			h.config.Logger.WarnContext(ctx, "events not read", slog.Any("error", err))
		}
		if more {
			continue
		}
		wait := pollInterval
		if err == nil && h.awaits() {
			wait, retry = retry, min(2*retry, lastRetry)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-h.wake:
			retry = firstRetry
			timer.Reset(gathering)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			select {
			case <-h.wake: // for what the next look sees
			default:
			}
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Subscribe returns a subscription to the events from now on that want lets through. Settled is where it begins.
func (h *Hub) Subscribe(ctx context.Context, want func(Event) bool) (*Subscription, error) {
	select {
	case <-h.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case len(h.subs) >= h.config.Max:
		return nil, ErrFull
	}
	s := &Subscription{events: make(chan *Event, buffered), hub: h, start: h.tail.settled, want: want}
	h.subs[s] = struct{}{}
	return s, nil
}

// Count returns how many subscriptions there are.
func (h *Hub) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}

// look reads once and passes on what it may. It reports whether the table has more that may be passed on at once.
func (h *Hub) look(ctx context.Context) (bool, error) {
	h.mu.Lock()
	after, known, waits := h.tail.settled, h.tail.ready, h.tail.waits()
	h.mu.Unlock()
	page, err := h.config.Read(ctx, Reading{After: after, Writers: waits})
	if err != nil {
		return false, err
	}
	h.mu.Lock()
	events := h.tail.take(page, h.config.Clock())
	for i := range events {
		h.pass(&events[i])
	}
	more := len(events) > 0 && h.tail.settled < page.Last
	own := len(events) > 0 && h.expected > after // an event of this process may be among them
	if !known && h.tail.ready {
		close(h.ready)
	}
	h.mu.Unlock()
	if own {
		// Whoever misses it looks within a second.
		if err := h.config.Announce(ctx); err != nil && ctx.Err() == nil {
			h.config.Logger.WarnContext(ctx, "events not announced", slog.Any("error", err))
		}
	}
	return more, nil
}

// pass gives an event to the subscriptions, under the lock, without waiting for any.
func (h *Hub) pass(event *Event) {
	for s := range h.subs {
		if !s.want(*event) {
			continue
		}
		select {
		case s.events <- event:
		default:
			h.end(s, ErrSlow)
		}
	}
}

// end ends a subscription, under the lock.
func (h *Hub) end(s *Subscription, cause error) {
	if _, ok := h.subs[s]; !ok {
		return
	}
	delete(h.subs, s)
	s.cause = cause
	close(s.events)
}

// awaits reports whether something will be there soon: an event of this process that has not been seen yet, or the end of the
// transactions that a gap is waited for.
func (h *Hub) awaits() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tail.waits() || h.expected > h.tail.settled && h.config.Clock().Before(h.until)
}

func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subs {
		h.end(s, ErrClosed)
	}
	if !h.tail.ready {
		h.tail.ready = true
		close(h.ready)
	}
}

// listen keeps the connection for announcements.
func (h *Hub) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.config.Listen(ctx, h.rouse); err != nil && ctx.Err() == nil {
			h.config.Logger.WarnContext(ctx, "announcements not heard", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenRetry):
		}
	}
}

func (h *Hub) rouse() {
	select {
	case h.wake <- struct{}{}:
	default: // it is awake
	}
}

// Subscription is one consumer's share of the events. One goroutine reads it.
type Subscription struct {
	cause  error       // written before events is closed
	events chan *Event // shared by all who want one
	hub    *Hub
	start  int64
	want   func(Event) bool
}

// Start is the position behind which Events begins: what came before is in the table.
func (s *Subscription) Start() int64 { return s.start }

// Events are the events that are wanted, in order. It is closed when the subscription ends; Err says why.
func (s *Subscription) Events() <-chan *Event { return s.events }

// Err is why Events was closed.
func (s *Subscription) Err() error {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.cause
}

// Idle returns the position up to which the consumer has been given everything; false while events wait in Events.
func (s *Subscription) Idle() (int64, bool) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.hub.tail.settled, len(s.events) == 0
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.end(s, nil)
}
