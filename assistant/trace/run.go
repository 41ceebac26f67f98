package trace

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/deskhand/deskhand/assistant"
)

// Run begins the span of the work on a case and returns the function that ends it, with a span for each of its stages. It
// is an assistant.ObserveFunc.
func (t *Tracer) Run(ctx context.Context, c assistant.Case) (context.Context, func(assistant.Conclusion, error)) {
	if t == nil {
		return ctx, func(assistant.Conclusion, error) {}
	}
	ctx, span := t.spans.Start(ctx, "run", oteltrace.WithTimestamp(t.clock()), oteltrace.WithAttributes( //nolint:spancheck // see below
		attribute.String("deskhand.run_id", c.Run.ID.String()),
		attribute.String("deskhand.conversation_id", c.Run.ConversationID.String()),
		attribute.String("deskhand.message_id", c.Run.MessageID.String()),
	))
	calls := new(callLog)
	return context.WithValue(ctx, callsKey{}, calls), func(end assistant.Conclusion, err error) { //nolint:spancheck // it ends here
		t.stages(ctx, end.Steps, calls.all())
		span.SetAttributes(conclusionAttributes(end)...)
		switch {
		case err != nil:
			// The error itself may say more than may leave.
			span.SetStatus(codes.Error, "failed")
			span.SetAttributes(attribute.String("deskhand.error", string(assistant.ErrorCode(err))))
		case end.Decision.Outcome == "":
			span.SetName("draft for agent")
		}
		span.End(oteltrace.WithTimestamp(t.clock()))
	}
}

// stages makes the spans of a run's stages and, below each, those of the model calls that began during it.
func (t *Tracer) stages(ctx context.Context, steps []assistant.Step, calls []modelCall) {
	for _, step := range steps {
		ended := step.StartedAt.Add(step.Duration)
		inner, span := t.spans.Start(ctx, "stage "+string(step.Stage), oteltrace.WithTimestamp(step.StartedAt),
			oteltrace.WithAttributes(detailAttributes(step.Detail)...))
		if step.Status == assistant.StepFailed {
			reason, _ := step.Detail["error"].(string)
			span.SetStatus(codes.Error, reason)
		}
		rest := calls[:0:0]
		for _, call := range calls {
			if call.within(step.StartedAt, ended) {
				t.modelSpan(inner, call)
			} else {
				rest = append(rest, call)
			}
		}
		calls = rest
		span.End(oteltrace.WithTimestamp(ended))
	}
	for _, call := range calls {
		t.modelSpan(ctx, call)
	}
}

func conclusionAttributes(end assistant.Conclusion) []attribute.KeyValue {
	if end.Decision.Outcome == "" {
		return nil
	}
	e := end.Explained
	reasons := make([]string, len(end.Decision.Reasons))
	for i, reason := range end.Decision.Reasons {
		reasons[i] = string(reason)
	}
	attributes := []attribute.KeyValue{
		attribute.String("deskhand.outcome", string(end.Decision.Outcome)),
		attribute.StringSlice("deskhand.reasons", reasons),
		attribute.String("deskhand.language", e.Language),
		attribute.String("deskhand.intent", e.Triage.Intent),
		attribute.String("deskhand.priority", string(e.Triage.Priority)),
		attribute.Float64("deskhand.confidence", e.Confidence),
		attribute.Int64("deskhand.policy_version", e.PolicyVersion),
		attribute.Int64("deskhand.kb_version", e.KBVersion),
		attribute.String("deskhand.prompt_version", e.PromptVersion),
	}
	if e.Model != "" {
		attributes = append(attributes, attribute.String("deskhand.model", e.Model))
	}
	return attributes
}

// within reports whether a call began in a span of time. The ends belong to it: clocks have steps.
func (c modelCall) within(from, to time.Time) bool {
	return !c.started.Before(from) && !c.started.After(to)
}
