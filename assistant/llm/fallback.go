package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Fallback is a Model that asks an ordered list of models until one answers. The next one is asked when a model is
// unavailable, rate-limited, misconfigured or over budget, for none of these is about the prompt. A refusal, a rejected request or
// a malformed answer is returned as it is: asking on would shop for an answer that the first model would not give, and
// would be a second full call.
type Fallback struct{ models []Model }

// NewFallback takes the models in order of preference; there must be at least one.
func NewFallback(models ...Model) (*Fallback, error) {
	if len(models) == 0 {
		return nil, errors.New("create fallback: no models")
	}
	return &Fallback{models: models}, nil
}

// Complete implements Model. While ctx has a deadline, each model may use an equal share of what is left of it, so
// that one that hangs leaves time for those behind it. When all fail, the errors of all are joined.
func (f *Fallback) Complete(ctx context.Context, req Request) (Response, error) {
	return first(ctx, f.models, func(ctx context.Context, m Model) (Response, error) { return m.Complete(ctx, req) })
}

// Name lists the models in order: which of them answered is in Response.Model.
func (f *Fallback) Name() string {
	names := make([]string, len(f.models))
	for i, model := range f.models {
		names[i] = model.Name()
	}
	return strings.Join(names, ",")
}

// within gives a call 1/shares of the time that is left.
func within[R any](ctx context.Context, shares int, call func(context.Context) (R, error)) (R, error) {
	if deadline, ok := ctx.Deadline(); ok && shares > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(shares))
		defer cancel()
	}
	return call(ctx)
}

func passesOn(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRateLimited) || errors.Is(err, ErrConfig) || errors.Is(err, ErrOverBudget)
}

// FallbackEmbedder is the same for embedders of one embedding space: the same model at several providers.
type FallbackEmbedder struct{ embedders []Embedder }

// NewFallbackEmbedder takes the embedders in order of preference; there must be at least one. Vectors of different models
// cannot be compared, so all must have one name and one length.
func NewFallbackEmbedder(embedders ...Embedder) (*FallbackEmbedder, error) {
	if len(embedders) == 0 {
		return nil, errors.New("create fallback: no embedders")
	}
	for _, e := range embedders[1:] {
		if e.Name() != embedders[0].Name() || e.Dimensions() != embedders[0].Dimensions() {
			return nil, errors.New("create fallback: the embedding models differ in name or dimensions")
		}
	}
	return &FallbackEmbedder{embedders: embedders}, nil
}

// Dimensions is that of all.
func (f *FallbackEmbedder) Dimensions() int { return f.embedders[0].Dimensions() }

// Embed implements Embedder. Time is shared as for Fallback.
func (f *FallbackEmbedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return first(ctx, f.embedders, func(ctx context.Context, e Embedder) ([][]float32, error) { return e.Embed(ctx, texts) })
}

// Name is that of all.
func (f *FallbackEmbedder) Name() string { return f.embedders[0].Name() }

// first asks the providers in order until one answers.
func first[P, R any](ctx context.Context, providers []P, ask func(context.Context, P) (R, error)) (R, error) {
	var failures []error
	for i, provider := range providers {
		out, err := within(ctx, len(providers)-i, func(ctx context.Context) (R, error) { return ask(ctx, provider) })
		if err == nil {
			return out, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil || !passesOn(err) {
			break
		}
	}
	var none R
	if len(failures) == 1 {
		return none, failures[0]
	}
	return none, fmt.Errorf("ask %d models: %w", len(failures), errors.Join(failures...))
}
