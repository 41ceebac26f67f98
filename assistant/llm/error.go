package llm

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The kinds of failure; test with errors.Is. A call that ended because its caller gave up is context.Canceled instead.
var (
	// ErrConfig: key, address, model name or quota is wrong; an operator must act.
	ErrConfig = errors.New("model configuration is wrong")

	// ErrMalformed: an answer came and is unusable: not JSON, cut off by the token limit, against its schema, or
	// vectors of the wrong number, size or content.
	ErrMalformed = errors.New("model answer is malformed")

	// ErrOverBudget: the desk's own budget does not allow this call; nothing was sent.
	ErrOverBudget = errors.New("model budget used up")

	// ErrRateLimited: too many requests or tokens; Error.RetryAfter says how long to wait when the server did.
	ErrRateLimited = errors.New("model rate limit reached")

	// ErrRefused: the model or its content filter declined this very prompt.
	ErrRefused = errors.New("model refused")

	// ErrRejected: the server does not take this request, for example because it is longer than the context.
	ErrRejected = errors.New("model request rejected")

	// ErrUnavailable: no answer in time: network, server error, timeout, open breaker, full queue.
	ErrUnavailable = errors.New("model unavailable")
)

// Error is every error of this package. Its text is made of this package's own words and numbers only.
type Error struct {
	// Cause is context.DeadlineExceeded or context.Canceled when one ended the call, else nil.
	Cause error

	// Kind is one of the kinds above, or context.Canceled.
	Kind error

	// Model is the configured model name; empty where no single model is to blame.
	Model string

	// Reason is a fixed phrase.
	Reason string

	// RetryAfter is how long the server asked to wait; 0 when it did not.
	RetryAfter time.Duration

	// Status is the HTTP status; 0 when no response came.
	Status int

	retryable bool // another attempt at the same model may succeed
}

// Error says which model failed, how and why.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Model != "" {
		b.WriteString("model " + e.Model + ": ")
	}
	b.WriteString(e.Kind.Error())
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if e.Status != 0 {
		b.WriteString(" (HTTP " + strconv.Itoa(e.Status) + ")")
	}
	return b.String()
}

// Unwrap makes errors.Is work for the kind and for the context error behind it.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// contextError is the error for a call whose context ended, or nil when it has not.
func contextError(ctx context.Context) *Error {
	err := ctx.Err()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return &Error{Cause: err, Kind: context.Canceled}
	default:
		return &Error{Cause: err, Kind: ErrUnavailable, Reason: "no answer before the deadline", retryable: true}
	}
}

// malformed is the error for an answer that arrived and cannot be used.
func malformed(reason string) *Error { return &Error{Kind: ErrMalformed, Reason: reason} }
