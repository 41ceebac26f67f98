package llm

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Price is what a model costs, in US dollars per million tokens.
type Price struct {
	Completion float64
	Prompt     float64
}

// Cost is the price of some usage in US dollars.
func (p Price) Cost(u Usage) float64 {
	return (p.Prompt*float64(u.PromptTokens) + p.Completion*float64(u.CompletionTokens)) / 1e6
}

// CallKind tells chat from embeddings.
type CallKind string

// The kinds of call.
const (
	CallChat       CallKind = "chat"
	CallEmbeddings CallKind = "embeddings"
)

// Call is one metered call: everything between the caller and the answer, retries included.
type Call struct {
	Cost     float64 // US dollars
	Duration time.Duration
	Kind     CallKind
	Model    string
	Outcome  string // "ok", "unavailable", "rate_limited", "refused", "rejected", "malformed", "config", "over_budget", "canceled"
	Provider string // as MeterConfig names it
	Purpose  string
	Usage    Usage // of all attempts, unusable answers included
}

// MeterConfig says how calls are measured.
type MeterConfig struct {
	// Budget bounds what chat calls may spend, and is told what all calls spent. Nil bounds nothing.
	Budget *Budget

	// Now is the clock. Required.
	Now func() time.Time

	// Observe is told of every call after it ended, for metrics. It must not block. Optional.
	Observe func(Call)

	// Price of the model. The zero value costs nothing.
	Price Price

	// Provider names the server in metrics.
	Provider string

	// Purpose labels the calls of an embedder ("query", "import"); a chat call has its own.
	Purpose string
}

// MeteredModel is a Model whose calls are measured.
type MeteredModel struct {
	cfg   MeterConfig
	model Model
}

// NewMeteredModel wraps a model. Wrap each provider, inside Fallback, so that costs go to the one that answered.
func NewMeteredModel(model Model, cfg MeterConfig) *MeteredModel {
	return &MeteredModel{cfg: cfg, model: model}
}

// Complete implements Model.
func (m *MeteredModel) Complete(ctx context.Context, req Request) (Response, error) {
	ctx, done := m.cfg.start(ctx, Call{Kind: CallChat, Model: m.model.Name(), Purpose: req.Purpose})
	reserved, err := m.cfg.Budget.reserve(ctx, m.cfg.Price, m.model.Name(), req)
	if err != nil {
		done(err)
		return Response{}, err
	}
	out, err := m.model.Complete(ctx, req)
	reserved.settle(ctx, done(err))
	return out, err // a decorator adds nothing to what its model says
}

// Name is the wrapped model's name.
func (m *MeteredModel) Name() string { return m.model.Name() }

// MeteredEmbedder is an Embedder whose calls are measured.
type MeteredEmbedder struct {
	cfg      MeterConfig
	embedder Embedder
}

// NewMeteredEmbedder wraps an embedder; wrap it once per purpose.
func NewMeteredEmbedder(embedder Embedder, cfg MeterConfig) *MeteredEmbedder {
	return &MeteredEmbedder{cfg: cfg, embedder: embedder}
}

// Dimensions is the wrapped embedder's.
func (e *MeteredEmbedder) Dimensions() int { return e.embedder.Dimensions() }

// Embed implements Embedder.
func (e *MeteredEmbedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	ctx, done := e.cfg.start(ctx, Call{Kind: CallEmbeddings, Model: e.embedder.Name(), Purpose: e.cfg.Purpose})
	out, err := e.embedder.Embed(ctx, texts)
	e.cfg.Budget.spend(ctx, done(err))
	return out, err // a decorator adds nothing to what its embedder says
}

// Name is the wrapped embedder's name.
func (e *MeteredEmbedder) Name() string { return e.embedder.Name() }

// start returns a context that collects usage and the function that ends the measurement.
func (c MeterConfig) start(ctx context.Context, call Call) (context.Context, func(error) Call) {
	used := new(usageSum)
	began := c.Now()
	call.Provider = c.Provider
	return context.WithValue(ctx, usageKey{}, used), func(err error) Call {
		call.Duration = c.Now().Sub(began)
		call.Outcome = outcome(err)
		call.Usage = used.total()
		call.Cost = c.Price.Cost(call.Usage)
		if tally, ok := ctx.Value(tallyKey{}).(*Tally); ok {
			tally.add(call)
		}
		if c.Observe != nil {
			c.Observe(call)
		}
		return call
	}
}

// Tally adds up the metered calls made under one context, such as one run of the pipeline. It is safe for concurrent use.
type Tally struct {
	outer *Tally // of the context around it; nil at the outermost

	mu    sync.Mutex
	calls []Call
}

type tallyKey struct{}

// WithTally returns a context whose metered calls are added to the Tally, and to those of the contexts around it.
func WithTally(ctx context.Context) (context.Context, *Tally) {
	outer, _ := ctx.Value(tallyKey{}).(*Tally)
	tally := &Tally{outer: outer}
	return context.WithValue(ctx, tallyKey{}, tally), tally
}

// Calls returns the calls in the order in which they ended.
func (t *Tally) Calls() []Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Call(nil), t.calls...)
}

// Cost is the sum in US dollars.
func (t *Tally) Cost() float64 {
	var sum float64
	for _, call := range t.Calls() {
		sum += call.Cost
	}
	return sum
}

// Count is the number of calls of one kind.
func (t *Tally) Count(kind CallKind) int {
	n := 0
	for _, call := range t.Calls() {
		if call.Kind == kind {
			n++
		}
	}
	return n
}

// Usage is the sum of tokens.
func (t *Tally) Usage() Usage {
	var sum Usage
	for _, call := range t.Calls() {
		sum = sum.add(call.Usage)
	}
	return sum
}

func (t *Tally) add(call Call) {
	for ; t != nil; t = t.outer {
		t.mu.Lock()
		t.calls = append(t.calls, call)
		t.mu.Unlock()
	}
}

// usageSum collects the usage of the attempts of one call, which for embeddings run at the same time.
type usageSum struct {
	mu  sync.Mutex
	sum Usage
}

type usageKey struct{}

func (s *usageSum) total() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum
}

// reportUsage tells the meter around a call, if there is one, what an answer cost. Counts below zero are a server's
// mistake and ignored.
func reportUsage(ctx context.Context, u Usage) {
	s, ok := ctx.Value(usageKey{}).(*usageSum)
	if !ok || u.CompletionTokens < 0 || u.PromptTokens < 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum = s.sum.add(u)
}

// outcome names the kind of an error for a metric label.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, ErrConfig):
		return "config"
	case errors.Is(err, ErrMalformed):
		return "malformed"
	case errors.Is(err, ErrOverBudget):
		return "over_budget"
	case errors.Is(err, ErrRateLimited):
		return "rate_limited"
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrRejected):
		return "rejected"
	default:
		return "unavailable"
	}
}
