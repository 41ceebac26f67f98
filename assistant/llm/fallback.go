package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Fallback is a Model that asks an ordered list of models until one answers. The next one is asked when a model is
// unavailable, rate-limited or misconfigured, for none of these is about the prompt. A refusal, a rejected request or
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
	var failures []error
	for i, model := range f.models {
		out, err := completeWithin(ctx, model, req, len(f.models)-i)
		if err == nil {
			return out, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil || !passesOn(err) {
			break
		}
	}
	if len(failures) == 1 {
		return Response{}, failures[0]
	}
	return Response{}, fmt.Errorf("ask %d models: %w", len(failures), errors.Join(failures...))
}

// Name lists the models in order: which of them answered is in Response.Model.
func (f *Fallback) Name() string {
	names := make([]string, len(f.models))
	for i, model := range f.models {
		names[i] = model.Name()
	}
	return strings.Join(names, ",")
}

// completeWithin gives a model 1/shares of the time that is left.
func completeWithin(ctx context.Context, model Model, req Request, shares int) (Response, error) {
	if deadline, ok := ctx.Deadline(); ok && shares > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(shares))
		defer cancel()
	}
	return model.Complete(ctx, req) // a decorator adds nothing to what its model says
}

func passesOn(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRateLimited) || errors.Is(err, ErrConfig)
}
