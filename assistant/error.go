package assistant

import (
	"errors"
	"fmt"
	"time"
)

// Code says what went wrong in a form that callers can act on. It is stable: HTTP maps it to a status and a problem type.
type Code string

// The codes.
const (
	CodeConflict     Code = "conflict"   // the state changed under the caller: read again
	CodeForbidden    Code = "forbidden"  // known, but not allowed to do this
	CodeInternal     Code = "internal"   // a defect or an outage on our side
	CodeInvalid      Code = "invalid"    // the input is wrong: the message names the field and the fix
	CodeNotFound     Code = "not_found"  // no such thing, or not the caller's
	CodeReused       Code = "key_reused" // an idempotency key came back with another request
	CodeThrottled    Code = "throttled"  // too many tries: RetryAfter says when again
	CodeTokenExpired Code = "customer_token_expired"
	CodeTokenInvalid Code = "customer_token_invalid"
	CodeTokenReused  Code = "customer_token_reused" // good, but used for another conversation before
	CodeUnauthorized Code = "unauthorized"          // who are you?
	CodeUnavailable  Code = "unavailable"           // try again later
)

// Error is an error that a caller may be told about. Message is written for that caller and carries no internals;
// what an operator needs is in the error that it wraps.
type Error struct {
	Code    Code
	Field   string // the input field that is wrong, as the caller named it; empty when none is
	Message string
	Cause   error

	Findings   []Finding     // what the guard objects to in a text of the caller's
	RetryAfter time.Duration // how long to wait; zero says nothing
}

// Errorf returns an Error whose message is formatted from format and args.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Cause)
	}
	return e.Message
}

// Unwrap returns what caused e, or nil.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorCode returns the code of the first Error in err's chain, CodeInternal when there is none, and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
