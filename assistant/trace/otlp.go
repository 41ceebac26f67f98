package trace

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// The messages of opentelemetry-proto (trace/v1, common/v1, resource/v1) in the JSON encoding of OTLP: names in camelCase,
// enumerations as numbers, 64-bit integers as strings, ids in hexadecimal.
type (
	exportRequest struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   wireResource `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	wireResource struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope wireScope  `json:"scope"`
		Spans []wireSpan `json:"spans"`
	}
	wireScope struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	wireSpan struct {
		Attributes        []keyValue `json:"attributes,omitempty"`
		DroppedAttributes int        `json:"droppedAttributesCount,omitempty"`
		End               string     `json:"endTimeUnixNano"`
		Flags             uint32     `json:"flags"`
		Kind              int        `json:"kind"`
		Links             []wireLink `json:"links,omitempty"`
		Name              string     `json:"name"`
		ParentSpanID      string     `json:"parentSpanId,omitempty"`
		SpanID            string     `json:"spanId"`
		Start             string     `json:"startTimeUnixNano"`
		Status            wireStatus `json:"status"`
		TraceID           string     `json:"traceId"`
	}
	wireLink struct {
		SpanID  string `json:"spanId"`
		TraceID string `json:"traceId"`
	}
	wireStatus struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		Array  *arrayValue      `json:"arrayValue,omitempty"`
		Bool   *bool            `json:"boolValue,omitempty"`
		Double *json.RawMessage `json:"doubleValue,omitempty"` // a number, or "NaN", "Infinity", "-Infinity"
		Int    *string          `json:"intValue,omitempty"`
		String *string          `json:"stringValue,omitempty"`
	}
	arrayValue struct {
		Values []anyValue `json:"values"`
	}
)

// encode returns spans as the body of an export request. The spans of one provider share a resource.
func encode(spans []sdktrace.ReadOnlySpan) ([]byte, error) {
	if len(spans) == 0 {
		return nil, nil
	}
	shared := resourceSpans{Resource: wireResource{Attributes: keyValues(spans[0].Resource().Attributes())}}
	places := make(map[instrumentation.Scope]int)
	for _, span := range spans {
		place, ok := places[span.InstrumentationScope()]
		if !ok {
			place = len(shared.ScopeSpans)
			places[span.InstrumentationScope()] = place
			shared.ScopeSpans = append(shared.ScopeSpans, scopeSpans{Scope: wireScope{
				Name: span.InstrumentationScope().Name, Version: span.InstrumentationScope().Version,
			}})
		}
		shared.ScopeSpans[place].Spans = append(shared.ScopeSpans[place].Spans, spanOf(span))
	}
	body, err := json.Marshal(exportRequest{ResourceSpans: []resourceSpans{shared}})
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	return body, nil
}

func spanOf(span sdktrace.ReadOnlySpan) wireSpan {
	wire := wireSpan{
		Attributes:        keyValues(span.Attributes()),
		DroppedAttributes: span.DroppedAttributes(),
		End:               nanoseconds(span.EndTime()),
		Flags:             uint32(span.SpanContext().TraceFlags()),
		Kind:              int(span.SpanKind()), // the SDK counts from unspecified = 0, as the protocol does
		Name:              span.Name(),
		SpanID:            spanID(span.SpanContext()),
		Start:             nanoseconds(span.StartTime()),
		Status:            statusOf(span.Status()),
		TraceID:           traceID(span.SpanContext()),
	}
	if span.Parent().HasSpanID() {
		wire.ParentSpanID = spanID(span.Parent())
	}
	for _, link := range span.Links() {
		wire.Links = append(wire.Links, wireLink{SpanID: spanID(link.SpanContext), TraceID: traceID(link.SpanContext)})
	}
	return wire
}

// statusOf translates a status: the SDK's numbers are not the protocol's.
func statusOf(status sdktrace.Status) wireStatus {
	switch status.Code {
	case codes.Ok:
		return wireStatus{Code: 1}
	case codes.Error:
		return wireStatus{Code: 2, Message: status.Description}
	case codes.Unset:
	}
	return wireStatus{}
}

func keyValues(attributes []attribute.KeyValue) []keyValue {
	values := make([]keyValue, len(attributes))
	for i, kv := range attributes {
		values[i] = keyValue{Key: string(kv.Key), Value: valueOf(kv.Value.AsInterface())}
	}
	return values
}

func valueOf(value any) anyValue {
	switch v := value.(type) {
	case string:
		return anyValue{String: &v}
	case bool:
		return anyValue{Bool: &v}
	case int64:
		text := strconv.FormatInt(v, 10)
		return anyValue{Int: &text}
	case float64:
		return anyValue{Double: double(v)}
	case []string:
		return arrayOf(v)
	case []bool:
		return arrayOf(v)
	case []int64:
		return arrayOf(v)
	case []float64:
		return arrayOf(v)
	}
	text := fmt.Sprint(value)
	return anyValue{String: &text}
}

func arrayOf[T any](values []T) anyValue {
	array := &arrayValue{Values: make([]anyValue, len(values))}
	for i, value := range values {
		array.Values[i] = valueOf(value)
	}
	return anyValue{Array: array}
}

// double writes what JSON has no number for in the words of protobuf.
func double(v float64) *json.RawMessage {
	var text json.RawMessage
	switch {
	case math.IsNaN(v):
		text = json.RawMessage(`"NaN"`)
	case math.IsInf(v, 1):
		text = json.RawMessage(`"Infinity"`)
	case math.IsInf(v, -1):
		text = json.RawMessage(`"-Infinity"`)
	default:
		text = strconv.AppendFloat(nil, v, 'g', -1, 64)
	}
	return &text
}

func nanoseconds(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }

func spanID(c oteltrace.SpanContext) string {
	id := c.SpanID()
	return hex.EncodeToString(id[:])
}

func traceID(c oteltrace.SpanContext) string {
	id := c.TraceID()
	return hex.EncodeToString(id[:])
}
