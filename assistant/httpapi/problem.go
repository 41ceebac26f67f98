package httpapi

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant"
)

const (
	// problemType is the media type of RFC 9457.
	problemType = "application/problem+json"
	// retryAfter is how long a client should wait after an outage: a database that restarts is back by then.
	retryAfter = 5 * time.Second

	internalDetail = "Something went wrong on our side. Try again, and tell us the request_id if it stays."
)

// kind is a type of problem. Its name is stable: clients act on it.
type kind struct {
	name   string
	status int
	title  string
	detail string // where the case has no better words
}

// The kinds that have a name here. Those of assistant.Code bear its names.
const (
	kindBadRequest     = "bad_request"
	kindConflict       = string(assistant.CodeConflict)
	kindForbidden      = string(assistant.CodeForbidden)
	kindForged         = "request_forged"
	kindInsecure       = "insecure_connection"
	kindInternal       = string(assistant.CodeInternal)
	kindInvalid        = string(assistant.CodeInvalid)
	kindNeedsEnrolment = "second_factor_missing"
	kindNeedsFactor    = "second_factor_required"
	kindNeedsPassword  = "password_change_required"
	kindNeedsSession   = "session_required"
	kindNoModel        = "no_language_model"
	kindNoSuite        = "no_gate_suite"
	kindNotFound       = string(assistant.CodeNotFound)
	kindNotReady       = "not_ready"
	kindOverloaded     = "overloaded"
	kindRate           = "rate_limited"
	kindReused         = string(assistant.CodeReused)
	kindThrottled      = string(assistant.CodeThrottled)
	kindTokenExpired   = string(assistant.CodeTokenExpired)
	kindTokenInvalid   = string(assistant.CodeTokenInvalid)
	kindTokenReused    = string(assistant.CodeTokenReused)
	kindUnauthorized   = string(assistant.CodeUnauthorized)
	kindUnavailable    = string(assistant.CodeUnavailable)
)

// kinds is the one table from what went wrong to what the caller is told. Of two with the same status, the first is the
// general one.
func kinds() []kind {
	return []kind{
		{kindBadRequest, http.StatusBadRequest, "The request cannot be read", "Send what the description of this route asks for."},
		{kindUnauthorized, http.StatusUnauthorized, "Not logged in", "Send a key in force (Authorization: Bearer dh_…) or log in."},
		{kindTokenExpired, http.StatusUnauthorized, "The customer's token has expired", "Fetch a new one from your own server."},
		{kindTokenInvalid, http.StatusUnauthorized, "The customer's token is not valid", "docs/identity.md says how to make one."},
		{kindTokenReused, http.StatusUnauthorized, "The token was used elsewhere", "It is good for one conversation: fetch a new one."},
		{kindForbidden, http.StatusForbidden, "The caller may not do this", "It needs another role, or an allowed web origin."},
		{kindForged, http.StatusForbidden, "The request may be forged", "Send the session's csrf_token in X-CSRF-Token."},
		{
			kindInsecure, http.StatusForbidden, "The connection is not confidential",
			"Log in through https (the service must know its address: DESKHAND_PUBLIC_URL), or on the machine itself through localhost.",
		},
		{kindNeedsFactor, http.StatusForbidden, "The second factor is missing", "Send its code: POST /v1/session/second-factor."},
		{kindNeedsPassword, http.StatusForbidden, "The password must be changed", "Set one of your own: PUT /v1/account/password."},
		{
			kindNeedsEnrolment, http.StatusForbidden, "A second factor must be enrolled",
			"This role needs one: POST /v1/account/second-factor, then …/confirm.",
		},
		{kindNeedsSession, http.StatusForbidden, "Only for people who have logged in", "Log in: POST /v1/session."},
		{kindNotFound, http.StatusNotFound, "Not found", "There is nothing here, or it is not yours."},
		{"method_not_allowed", http.StatusMethodNotAllowed, "Method not allowed", "The Allow header names what this address takes."},
		{"timeout", http.StatusRequestTimeout, "The request came too slowly", "Send it again, in one go."},
		{kindConflict, http.StatusConflict, "It has changed", "Read it again, then decide again."},
		{"too_large", http.StatusRequestEntityTooLarge, "The body is too large", "Send at most 64 KiB, for an article or a file of terms 4 MiB."},
		{
			"unsupported_media_type", http.StatusUnsupportedMediaType, "The body's type is not supported",
			"Send Content-Type: application/json.",
		},
		{kindInvalid, http.StatusUnprocessableEntity, "A field is not valid", "Mend the fields that are named in errors."},
		{kindReused, http.StatusUnprocessableEntity, "The idempotency key was used before", "Use a new key for another request."},
		{kindThrottled, http.StatusTooManyRequests, "Too many tries", "Wait for the seconds that Retry-After says."},
		{kindRate, http.StatusTooManyRequests, "Too many questions", "Send it again after the seconds that Retry-After says."},
		{"headers_too_large", http.StatusRequestHeaderFieldsTooLarge, "The headers are too large", "Send at most 8 KiB of headers."},
		{kindInternal, http.StatusInternalServerError, "Internal error", internalDetail},
		{
			kindNoModel, http.StatusNotImplemented, "There is no language model",
			"This needs one: set OPENAI_API_KEY or OPENAI_BASE_URL for the service.",
		},
		{
			kindNoSuite, http.StatusNotImplemented, "There is no suite to check articles with",
			"Name one for the service: DESKHAND_GATE_SUITE.",
		},
		{
			kindUnavailable, http.StatusServiceUnavailable, "Try again in a moment",
			"The service cannot do this right now. Send the same request again, with the same Idempotency-Key.",
		},
		{
			kindOverloaded, http.StatusServiceUnavailable, "Too busy",
			"The question was not stored: send it again after the seconds that Retry-After says.",
		},
		{kindNotReady, http.StatusServiceUnavailable, "Not ready", "Something that the service needs is missing."},
	}
}

// kindNamed returns the kind of a name, the internal error for an unknown one.
func kindNamed(name string) kind {
	for _, k := range kinds() {
		if k.name == name {
			return k
		}
	}
	return kindNamed(kindInternal)
}

// kindOfStatus returns the general kind of a status that came from below: from fiber, fasthttp or Huma.
func kindOfStatus(status int) kind {
	for _, k := range kinds() {
		if k.status == status {
			return k
		}
	}
	if status < http.StatusInternalServerError {
		return kindNamed(kindBadRequest)
	}
	return kindNamed(kindInternal)
}

// FieldError says what is wrong with one field of a request, and never repeats its value.
type FieldError struct {
	Field   string `doc:"Path of the field, or the name of the parameter or header." example:"message.body" json:"field"`
	Message string `doc:"What is wrong with it, or how to mend it." json:"message"`
	Check   string `doc:"Of a reply that may not be sent: the rule that it breaks." example:"link" json:"check,omitempty"`
}

// Problem is an error as the caller reads it (RFC 9457).
type Problem struct { //nolint:errname // the word of RFC 9457
	Detail    string       `doc:"What went wrong this time, and what to do." json:"detail"`
	Errors    []FieldError `doc:"The fields at fault." json:"errors,omitempty"`
	RequestID string       `doc:"Finds the request in the service's log." json:"request_id,omitempty"`
	Status    int          `doc:"HTTP status code." example:"422" json:"status"`
	Title     string       `doc:"The kind of problem, in words. It is the same each time." json:"title"`
	Type      string       `doc:"The kind of problem, to act on." example:"/docs#problem-invalid" format:"uri-reference" json:"type"`

	kind       string
	retryAfter time.Duration // zero for the kind's own
}

func newProblem(name, detail string) *Problem {
	k := kindNamed(name)
	return &Problem{Detail: detail, Status: k.status, Title: k.title, Type: "/docs#problem-" + k.name, kind: k.name}
}

// ContentType makes Huma write p with the media type of problems.
func (p *Problem) ContentType(string) string { return problemType }

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetHeaders returns the headers that go with p.
func (p *Problem) GetHeaders() http.Header {
	headers := http.Header{}
	switch p.Status {
	case http.StatusUnauthorized:
		headers.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		headers.Set("Retry-After", wholeSeconds(p.retryAfter))
	case http.StatusServiceUnavailable:
		headers.Set("Retry-After", wholeSeconds(cmp.Or(p.retryAfter, retryAfter)))
	}
	return headers
}

// wholeSeconds rounds up: who comes back a moment early is sent away again.
func wholeSeconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// GetStatus returns the HTTP status code.
func (p *Problem) GetStatus() int { return p.Status }

// problemOf turns an error of the domain into a problem, and logs what the caller is not told.
func (s *server) problemOf(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	name, detail := kindInternal, internalDetail
	if e, ok := errors.AsType[*assistant.Error](err); ok {
		name, detail = string(e.Code), e.Message
		if e.Field != "" || e.RetryAfter > 0 {
			p := newProblem(name, detail)
			p.retryAfter = e.RetryAfter
			if e.Field == "" {
				return p
			}
			for _, found := range e.Findings {
				p.Errors = append(p.Errors, FieldError{Field: e.Field, Message: found.Detail, Check: found.Check})
			}
			if len(p.Errors) == 0 {
				p.Errors = []FieldError{{Field: e.Field, Message: e.Message}}
			}
			return p
		}
	} else if transient(err) {
		name, detail = kindUnavailable, kindNamed(kindUnavailable).detail
	}
	p := newProblem(name, detail)
	if p.Status >= http.StatusInternalServerError {
		s.Logger.ErrorContext(ctx, "request failed", slog.String("request_id", requestFrom(ctx).id), slog.Any("error", err))
	}
	return p
}

// transient reports whether err is an outage that passes, of the network or the database, and not a defect.
func transient(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var network net.Error
	var unsent interface{ SafeToRetry() bool }
	var state interface{ SQLState() string }
	switch {
	case errors.As(err, &state):
		// PostgreSQL's classes 08 connection, 40 rolled back, 53 resources, 57 operator (shutdown, cancelled).
		code := state.SQLState()
		return len(code) == 5 && slices.Contains([]string{"08", "40", "53", "57"}, code[:2])
	case errors.As(err, &network):
		return true
	case errors.As(err, &unsent):
		return unsent.SafeToRetry()
	}
	return false
}

// toProblem is a Huma transformer: it replaces Huma's own errors, which carry the values that were sent, and completes ours.
func (s *server) toProblem(ctx huma.Context, _ string, v any) (any, error) {
	r := requestFrom(ctx.Context())
	p, ok := v.(*Problem)
	if model, isModel := v.(*huma.ErrorModel); isModel {
		p, ok = problemOfModel(model), true
	}
	if !ok {
		return v, nil
	}
	p.RequestID, r.problem = r.id, p.kind
	if url := ctx.URL(); inChatProtocol(url.Path) {
		ctx.SetHeader("Content-Type", "application/json") // Huma has set that of the problem
		return newChatError(p), nil
	}
	return p, nil
}

func problemOfModel(model *huma.ErrorModel) *Problem {
	k := kindOfStatus(model.Status)
	p := newProblem(k.name, k.detail)
	if k.status != http.StatusUnprocessableEntity {
		return p
	}
	for _, detail := range model.Errors {
		if detail != nil {
			p.Errors = append(p.Errors, fieldError(detail))
		}
	}
	return p
}

// fieldError names the field itself where Huma names the object that lacks it.
func fieldError(detail *huma.ErrorDetail) FieldError {
	name, missing := strings.CutPrefix(detail.Message, "expected required property ")
	if !missing {
		return FieldError{Field: fieldName(detail.Location), Message: fieldMessage(detail.Message)}
	}
	name, _, _ = strings.Cut(name, " ")
	return FieldError{Field: fieldName(detail.Location + "." + name), Message: "is missing"}
}

// plainName is a path of field names.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,60}$`)

// fieldName turns Huma's location ("body.message.body", "path.id") into the name that the caller used. A field that the
// interface does not know is named by the caller: only what looks like a name is repeated.
func fieldName(location string) string {
	if place, rest, found := strings.Cut(location, "."); found {
		switch place {
		case "body", "header", "path", "query":
			location = rest
		}
	}
	if !plainName.MatchString(location) {
		return "body"
	}
	return location
}

// fieldMessage lets Huma's words about the schema pass, without what follows a colon there: the parser's words about the
// value.
func fieldMessage(message string) string {
	message, _, _ = strings.Cut(message, ": ")
	for _, prefix := range []string{"expected ", "invalid boolean", "invalid integer", "required ", "unexpected property", "unknown "} {
		if strings.HasPrefix(message, prefix) {
			return message
		}
	}
	return "does not fit this field: see its description"
}

// problemResponse describes the problems of a route.
func problemResponse(schemas huma.Registry) *huma.Response {
	return &huma.Response{
		Description: "A problem (RFC 9457)",
		Content: map[string]*huma.MediaType{
			problemType: {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")},
		},
	}
}
