package trace

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Request is the span of an HTTP request. A nil Request is none.
type Request struct {
	span oteltrace.Span
}

// RequestEnd is what is known of a request when it has ended.
type RequestEnd struct {
	At      time.Time
	ID      string // of X-Request-Id
	Method  string
	Outcome string // of the question, if there was one
	Problem string // the kind of problem that it ended in
	Route   string // the pattern, never the path
	Status  int
}

// Request begins the span of a request and returns the context in which the spans of its work become its children. A
// caller's traceparent becomes a link: anybody may call, and must not decide what is sampled or which trace grows.
func (t *Tracer) Request(ctx context.Context, at time.Time, traceparent string) (context.Context, *Request) {
	if t == nil {
		return ctx, nil
	}
	options := []oteltrace.SpanStartOption{
		oteltrace.WithNewRoot(), oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithTimestamp(at),
	}
	// Only this header: the other one of the convention, tracestate, is free text.
	caller := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	if remote := oteltrace.SpanContextFromContext(caller); remote.IsValid() {
		options = append(options, oteltrace.WithLinks(oteltrace.Link{SpanContext: remote}))
	}
	ctx, span := t.spans.Start(ctx, "request", options...) //nolint:spancheck // End ends it
	return ctx, &Request{span: span}                       //nolint:spancheck // as above
}

// End ends the span.
func (r *Request) End(end RequestEnd) {
	if r == nil {
		return
	}
	r.span.SetName(end.Method + " " + end.Route)
	r.span.SetAttributes(
		attribute.String("http.request.method", end.Method),
		attribute.String("http.route", end.Route),
		attribute.Int("http.response.status_code", end.Status),
		attribute.String("deskhand.request_id", end.ID),
	)
	if end.Outcome != "" {
		r.span.SetAttributes(attribute.String("deskhand.outcome", end.Outcome))
	}
	if end.Problem != "" {
		r.span.SetAttributes(attribute.String("deskhand.problem", end.Problem))
	}
	if end.Status >= http.StatusInternalServerError {
		r.span.SetStatus(codes.Error, end.Problem)
	}
	r.span.End(oteltrace.WithTimestamp(end.At))
}
