package llm

import (
	"context"
	"time"
)

// QueueConfig bounds what one provider is asked at the same time. Zero values mean the defaults.
type QueueConfig struct {
	// MaxConcurrent is how many calls run at once. Default 64.
	MaxConcurrent int

	// MaxWait is how long a call waits for its turn. Default 2 s: a customer waits for the answer behind it.
	MaxWait time.Duration

	// MaxWaiting is how many calls wait at once; one more is turned away at once. Default 256.
	MaxWaiting int
}

// Queue is the way into one provider. Its chat and its embeddings share it, as they share the provider's limits. It is safe
// for concurrent use.
type Queue struct {
	maxWait time.Duration
	running chan struct{}
	waiting chan struct{}
}

// NewQueue returns an empty queue.
func NewQueue(cfg QueueConfig) *Queue {
	orDefault(&cfg.MaxConcurrent, 64)
	orDefault(&cfg.MaxWait, 2*time.Second)
	orDefault(&cfg.MaxWaiting, 256)
	return &Queue{
		maxWait: cfg.MaxWait, running: make(chan struct{}, cfg.MaxConcurrent), waiting: make(chan struct{}, cfg.MaxWaiting),
	}
}

// enter waits for a turn and returns how to end it. Without a turn the error is ErrUnavailable, or that of ctx.
func (q *Queue) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-q.running }
	select {
	case q.running <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case q.waiting <- struct{}{}:
		defer func() { <-q.waiting }()
	default:
		return nil, &Error{Kind: ErrUnavailable, Reason: "too many calls waiting"}
	}
	patience := time.NewTimer(q.maxWait)
	defer patience.Stop()
	select {
	case q.running <- struct{}{}:
		return leave, nil
	case <-patience.C:
		return nil, &Error{Kind: ErrUnavailable, Reason: "waited too long for a turn"}
	case <-ctx.Done():
		return nil, contextError(ctx)
	}
}
