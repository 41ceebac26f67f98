package llm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/sync/errgroup"
)

// minAttempt is the least time worth starting a retry with: models rarely answer faster.
const minAttempt = 100 * time.Millisecond

// ResilienceConfig tunes the policies around one endpoint of one provider. Zero values mean the defaults.
type ResilienceConfig struct {
	// AttemptTimeout bounds one attempt. Default 12 s: within the 20 s that a customer waits it leaves room for a
	// second attempt at a model that normally needs 1 to 5 s.
	AttemptTimeout time.Duration

	// BackoffBase and BackoffMax bound the wait before a retry, which doubles each time. Defaults 250 ms and 4 s.
	BackoffBase, BackoffMax time.Duration

	// BatchSize is how many texts an embedder sends at once, and BatchesInFlight how many such calls one Embed makes
	// at the same time. Defaults 128 and 4, where imports were measured to be fastest.
	BatchSize, BatchesInFlight int

	// BreakerDelay is how long an open breaker refuses calls before it lets BreakerProbes try. Defaults 15 s and 2.
	BreakerDelay  time.Duration
	BreakerProbes uint

	// BreakerFailureRate of at least BreakerMinCalls within BreakerWindow opens the breaker. Defaults 0.5, 10, 30 s.
	BreakerFailureRate float64
	BreakerMinCalls    uint
	BreakerWindow      time.Duration

	// Jitter returns a number in [0,1) that spreads retries. Default: math/rand.
	Jitter func() float64

	// DeadlineShare is the part of the time until the caller's deadline that a call may use, retries included. The rest is
	// for what the caller does when it fails. Default 1; without a deadline it changes nothing.
	DeadlineShare float64

	// MaxRetries is how often a failed call is repeated. Default 2; negative: never.
	MaxRetries int

	// OnBreakerChange is told the breaker's new state ("closed", "open", "half-open"). It must not block.
	OnBreakerChange func(model, state string)

	// Queue is the way into the provider, shared by its endpoints. Default: one of its own, with the defaults.
	Queue *Queue
}

func (c ResilienceConfig) withDefaults() ResilienceConfig {
	orDefault(&c.AttemptTimeout, 12*time.Second)
	orDefault(&c.BackoffBase, 250*time.Millisecond)
	orDefault(&c.BackoffMax, 4*time.Second)
	orDefault(&c.BatchSize, 128)
	orDefault(&c.BatchesInFlight, 4)
	orDefault(&c.BreakerDelay, 15*time.Second)
	orDefault(&c.BreakerFailureRate, 0.5)
	orDefault(&c.BreakerMinCalls, 10)
	orDefault(&c.BreakerProbes, 2)
	orDefault(&c.BreakerWindow, 30*time.Second)
	orDefault(&c.DeadlineShare, 1)
	orDefault(&c.MaxRetries, 2)
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	if c.OnBreakerChange == nil {
		c.OnBreakerChange = func(string, string) {}
	}
	if c.Queue == nil {
		c.Queue = NewQueue(QueueConfig{})
	}
	return c
}

// ResilientModel is a Model that retries what may pass, stops calling a provider that is down, and never lets more than
// a set number of calls run or wait at once. It returns early, with the last error, when the next attempt could not be made
// before ctx ends.
type ResilientModel struct {
	model  Model
	runner *runner[Response]
}

// NewResilientModel wraps the model of one provider.
func NewResilientModel(model Model, cfg ResilienceConfig) *ResilientModel {
	return &ResilientModel{model: model, runner: newRunner[Response](model.Name(), cfg.withDefaults())}
}

// Complete implements Model.
func (m *ResilientModel) Complete(ctx context.Context, req Request) (Response, error) {
	return m.runner.run(ctx, func(ctx context.Context) (Response, error) { return m.model.Complete(ctx, req) })
}

// Name is the wrapped model's name.
func (m *ResilientModel) Name() string { return m.model.Name() }

// ResilientEmbedder is the same for an Embedder. It also splits long lists, so that a retry repeats one batch only.
type ResilientEmbedder struct {
	cfg      ResilienceConfig
	embedder Embedder
	runner   *runner[[][]float32]
}

// NewResilientEmbedder wraps the embedder of one provider.
func NewResilientEmbedder(embedder Embedder, cfg ResilienceConfig) *ResilientEmbedder {
	cfg = cfg.withDefaults()
	return &ResilientEmbedder{cfg: cfg, embedder: embedder, runner: newRunner[[][]float32](embedder.Name(), cfg)}
}

// Dimensions is the wrapped embedder's.
func (e *ResilientEmbedder) Dimensions() int { return e.embedder.Dimensions() }

// Embed implements Embedder. When one batch fails, the others are cancelled.
func (e *ResilientEmbedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) <= e.cfg.BatchSize {
		return e.batch(ctx, texts)
	}
	out := make([][]float32, len(texts))
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(e.cfg.BatchesInFlight)
	for from := 0; from < len(texts) && all.Err() == nil; from += e.cfg.BatchSize {
		to := min(from+e.cfg.BatchSize, len(texts))
		group.Go(func() error {
			vectors, err := e.batch(all, texts[from:to])
			copy(out[from:to], vectors)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err // from batch
	}
	if ended := contextError(ctx); ended != nil { // perhaps between two batches, when none of them failed
		return nil, named(ended, e.Name())
	}
	return out, nil
}

// Name is the wrapped embedder's name.
func (e *ResilientEmbedder) Name() string { return e.embedder.Name() }

func (e *ResilientEmbedder) batch(ctx context.Context, texts []string) ([][]float32, error) {
	return e.runner.run(ctx, func(ctx context.Context) ([][]float32, error) { return e.embedder.Embed(ctx, texts) })
}

// runner applies the policies to calls that return R: retry, in it the queue, in it the breaker, in it one attempt. The
// queue is inside retry so that nobody holds a place while waiting; the breaker is inside the queue so that it counts
// attempts at the provider and nothing else.
type runner[R any] struct {
	breaker circuitbreaker.CircuitBreaker[R]
	cfg     ResilienceConfig
	model   string
}

func newRunner[R any](model string, cfg ResilienceConfig) *runner[R] {
	breaker := circuitbreaker.NewBuilder[R]().
		HandleIf(func(_ R, err error) bool { return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRateLimited) }).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { cfg.OnBreakerChange(model, e.NewState.String()) }).
		WithDelay(cfg.BreakerDelay).
		WithFailureRateThreshold(cfg.BreakerFailureRate, cfg.BreakerMinCalls, cfg.BreakerWindow).
		WithSuccessThreshold(cfg.BreakerProbes).
		Build()
	return &runner[R]{breaker: breaker, cfg: cfg, model: model}
}

func (r *runner[R]) run(ctx context.Context, call func(context.Context) (R, error)) (R, error) {
	if deadline, ok := ctx.Deadline(); ok && r.cfg.DeadlineShare < 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(float64(time.Until(deadline))*r.cfg.DeadlineShare))
		defer cancel()
	}
	plan := &retryPlan{cfg: r.cfg}
	retry := retrypolicy.NewBuilder[R]().
		AbortIf(func(_ R, err error) bool { return !plan.next(ctx, err) }).
		ReturnLastFailure().
		WithDelayFunc(func(failsafe.ExecutionAttempt[R]) time.Duration { return plan.delay }).
		WithMaxRetries(max(0, r.cfg.MaxRetries)).
		Build()
	out, err := failsafe.With(retry).WithContext(ctx).Get(func() (R, error) { return r.attempt(ctx, call) })
	if err != nil {
		var none R
		return none, r.explain(ctx, err)
	}
	return out, nil
}

// attempt waits for a turn and calls once, unless the breaker is open.
func (r *runner[R]) attempt(ctx context.Context, call func(context.Context) (R, error)) (R, error) {
	leave, err := r.cfg.Queue.enter(ctx)
	if err != nil {
		var none R
		return none, named(err, r.model)
	}
	defer leave()
	return failsafe.With(r.breaker).WithContext(ctx).Get(func() (R, error) {
		attempt, cancel := context.WithTimeout(ctx, r.cfg.AttemptTimeout)
		defer cancel()
		return call(attempt)
	})
}

// explain turns the policies' own errors into this package's.
func (r *runner[R]) explain(ctx context.Context, err error) error {
	var own *Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, circuitbreaker.ErrOpen):
		return &Error{
			Kind: ErrUnavailable, Model: r.model, Reason: "circuit breaker open", RetryAfter: r.breaker.RemainingDelay(),
		}
	}
	if ended := contextError(ctx); ended != nil {
		return named(ended, r.model)
	}
	return fmt.Errorf("call model %s: %w", r.model, err)
}

// retryPlan decides after each failed attempt of one call whether and when there is another.
type retryPlan struct {
	cfg    ResilienceConfig
	delay  time.Duration
	failed int
}

// next reports whether to try again after err, and sets the delay. The server's Retry-After is a floor. A retry that
// could not start in time is not waited for: the caller has better uses for the time that is left.
func (p *retryPlan) next(ctx context.Context, err error) bool {
	p.failed++
	var own *Error
	if !errors.As(err, &own) || !own.retryable || ctx.Err() != nil {
		return false
	}
	backoff := min(p.cfg.BackoffBase<<min(p.failed-1, 16), p.cfg.BackoffMax)
	// Half fixed, half random: spreads the callers and still grows.
	p.delay = backoff/2 + time.Duration(p.cfg.Jitter()*float64(backoff/2))
	if own.RetryAfter > 0 {
		p.delay += own.RetryAfter
	}
	deadline, ok := ctx.Deadline()
	return !ok || p.delay+minAttempt <= time.Until(deadline)
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
