package trace

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/deskhand/deskhand/assistant/llm"
)

// Model wraps a metered model: each call becomes a span.
func (t *Tracer) Model(model llm.Model) llm.Model {
	if t == nil || model == nil {
		return model
	}
	return &tracedModel{Model: model, tracer: t}
}

// Embedder wraps a metered embedder: each call becomes a span.
func (t *Tracer) Embedder(embedder llm.Embedder) llm.Embedder {
	if t == nil || embedder == nil {
		return embedder
	}
	return &tracedEmbedder{Embedder: embedder, tracer: t}
}

type tracedModel struct {
	llm.Model

	tracer *Tracer
}

// Complete implements llm.Model.
func (m *tracedModel) Complete(ctx context.Context, request llm.Request) (llm.Response, error) {
	ctx, done := m.tracer.watch(ctx)
	defer done()
	return m.Model.Complete(ctx, request) //nolint:wrapcheck // a decorator adds nothing to what its model says
}

type tracedEmbedder struct {
	llm.Embedder

	tracer *Tracer
}

// Embed implements llm.Embedder.
func (e *tracedEmbedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	ctx, done := e.tracer.watch(ctx)
	defer done()
	return e.Embedder.Embed(ctx, texts) //nolint:wrapcheck // as above
}

// modelCall is a metered call and when it began.
type modelCall struct {
	call    llm.Call
	started time.Time
}

// callsKey finds the callLog of a run in a context.
type callsKey struct{}

// callLog keeps the calls of a run until its stages are known. It is safe for concurrent use.
type callLog struct {
	mu    sync.Mutex
	calls []modelCall
}

func (l *callLog) add(call modelCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call)
}

func (l *callLog) all() []modelCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]modelCall(nil), l.calls...)
}

// watch collects what the meter says of the calls under a context. Calls of a run wait for its stages; others, such as
// those of an import, become spans at once.
func (t *Tracer) watch(ctx context.Context) (context.Context, func()) {
	started := t.clock()
	outer := ctx
	ctx, tally := llm.WithTally(ctx)
	return ctx, func() {
		for _, call := range tally.Calls() {
			if calls, ok := outer.Value(callsKey{}).(*callLog); ok {
				calls.add(modelCall{call: call, started: started})
				continue
			}
			t.modelSpan(outer, modelCall{call: call, started: started})
		}
	}
}

// modelSpan follows OpenTelemetry's conventions for generative AI where they have a name.
func (t *Tracer) modelSpan(ctx context.Context, c modelCall) {
	_, span := t.spans.Start(ctx, string(c.call.Kind)+" "+c.call.Model, oteltrace.WithSpanKind(oteltrace.SpanKindClient),
		oteltrace.WithTimestamp(c.started), oteltrace.WithAttributes(
			attribute.String("gen_ai.operation.name", string(c.call.Kind)),
			attribute.String("gen_ai.request.model", c.call.Model),
			attribute.Int("gen_ai.usage.input_tokens", c.call.Usage.PromptTokens),
			attribute.Int("gen_ai.usage.output_tokens", c.call.Usage.CompletionTokens),
			attribute.String("deskhand.purpose", c.call.Purpose),
			attribute.String("deskhand.outcome", c.call.Outcome),
		))
	if c.call.Outcome != "ok" {
		span.SetStatus(codes.Error, c.call.Outcome)
	}
	span.End(oteltrace.WithTimestamp(c.started.Add(c.call.Duration)))
}
