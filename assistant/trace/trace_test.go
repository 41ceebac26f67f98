package trace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/trace"
	"github.com/deskhand/deskhand/assistant/triage"
)

// begin is when everything starts in these tests.
func begin() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// ticking is a clock that is a second later each time.
func ticking() func() time.Time {
	var mu sync.Mutex
	now := begin().Add(-time.Second)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

// collector takes OTLP in JSON, as a real one does: unknown fields are ignored there, but not here.
type collector struct {
	answer  func(http.ResponseWriter)
	headers []http.Header
	mu      sync.Mutex
	sent    []export
	url     string
}

// export is an ExportTraceServiceRequest of opentelemetry-proto in its JSON mapping.
type export struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes attributes }
		ScopeSpans []struct {
			Scope struct{ Name, Version string }
			Spans []span
		}
	}
}

type span struct {
	Attributes             attributes
	DroppedAttributesCount int
	EndTimeUnixNano        int64 `json:",string"`
	Flags                  uint32
	Kind                   int
	Links                  []struct{ SpanID, TraceID string }
	Name                   string
	ParentSpanID           string
	SpanID                 string
	StartTimeUnixNano      int64 `json:",string"`
	Status                 struct {
		Code    int
		Message string
	}
	TraceID string
}

type attributes []struct {
	Key   string
	Value map[string]any
}

func (a attributes) get(key string) any {
	for _, attribute := range a {
		if attribute.Key == key {
			for _, value := range attribute.Value {
				return value
			}
		}
	}
	return nil
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.URL.Path != "/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "not OTLP", http.StatusNotFound)
			return
		}
		c.headers = append(c.headers, r.Header)
		var e export
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil { //nolint:musttag // names are matched without case; tags would repeat them
			http.Error(w, err.Error(), http.StatusBadRequest)
			t.Error(err)
			return
		}
		if c.answer != nil {
			c.answer(w)
		}
		c.sent = append(c.sent, e)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// spans are the spans that were taken, by name.
func (c *collector) spans(t *testing.T) map[string]span {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	byName := make(map[string]span)
	for _, e := range c.sent {
		for _, resource := range e.ResourceSpans {
			require.Equal(t, "desk", resource.Resource.Attributes.get("service.name"))
			require.Equal(t, "v1", resource.Resource.Attributes.get("service.version"))
			for _, scope := range resource.ScopeSpans {
				require.Equal(t, "github.com/deskhand/deskhand", scope.Scope.Name)
				for _, s := range scope.Spans {
					require.Len(t, s.TraceID, 32)
					require.Len(t, s.SpanID, 16)
					require.LessOrEqual(t, s.StartTimeUnixNano, s.EndTimeUnixNano)
					byName[s.Name] = s
				}
			}
		}
	}
	return byName
}

func newTracer(t *testing.T, c *collector, log io.Writer) *trace.Tracer {
	t.Helper()
	tracer, err := trace.New(trace.Config{
		Clock: ticking(), Endpoint: c.url + "/", Headers: map[string]string{"X-Key": "k"}, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Service: "desk", Version: "v1",
	})
	require.NoError(t, err)
	return tracer
}

func TestRequestRunStagesAndModelCallsFormOneTrace(t *testing.T) {
	t.Parallel()

	c := newCollector(t)
	tracer := newTracer(t, c, t.Output())
	ctx, request := tracer.Request(t.Context(), begin(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	kase := assistant.Case{Run: assistant.Run{ID: uuid.New(), ConversationID: uuid.New(), MessageID: uuid.New()}}
	ctx, done := tracer.Run(ctx, kase)
	started := begin().Add(time.Second)
	model := tracer.Model(llm.NewMeteredModel(stub{}, llm.MeterConfig{Now: begin}))
	_, err := model.Complete(ctx, llm.Request{Purpose: "draft"})
	require.NoError(t, err)
	done(assistant.Conclusion{
		Case:      kase,
		Decision:  assistant.Decision{Outcome: assistant.OutcomeAnswered, Reasons: []assistant.Reason{"confident"}},
		Explained: assistant.Explanation{Confidence: 0.75, Language: "ar", Triage: triage.Triage{Intent: "a.b", Priority: triage.P2}},
		Steps: []assistant.Step{
			{Stage: assistant.StageTriage, StartedAt: begin(), Duration: time.Millisecond, Status: assistant.StepOK, Detail: map[string]any{
				"intent": "a.b", "certainty": 0.5, "person": true, "risks": []string{"hacked"}, "hits": []map[string]any{{"slug": "x"}},
				"count": 3, "nothing": nil, "odd": math.NaN(), "priority": triage.P2,
			}},
			{
				Stage: assistant.StageDraft, StartedAt: started, Duration: time.Minute, Status: assistant.StepFailed,
				Detail: map[string]any{"error": "deadline exceeded"},
			},
		},
	}, nil)
	request.End(trace.RequestEnd{At: begin().Add(time.Hour), ID: "r1", Method: "POST", Outcome: "answered", Route: "/v1/answers", Status: 200})
	require.NoError(t, tracer.Close(t.Context()))

	spans := c.spans(t)
	root, run, stage, draft, chat := spans["POST /v1/answers"], spans["run"], spans["stage triage"], spans["stage draft"], spans["chat stub"]
	require.Empty(t, root.ParentSpanID)
	require.NotEqual(t, "0af7651916cd43dd8448eb211c80319c", root.TraceID, "a caller does not choose the trace")
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", root.Links[0].TraceID)
	require.Equal(t, "b7ad6b7169203331", root.Links[0].SpanID)
	for child, parent := range map[*span]span{&run: root, &stage: run, &draft: run, &chat: draft} {
		require.Equal(t, parent.SpanID, child.ParentSpanID, child.Name)
		require.Equal(t, root.TraceID, child.TraceID, child.Name)
	}
	require.Equal(t, 2, root.Kind, "server")
	require.Equal(t, 1, run.Kind, "internal")
	require.Equal(t, 3, chat.Kind, "client")
	require.Equal(t, uint32(1), root.Flags, "sampled")
	require.Equal(t, begin().UnixNano(), root.StartTimeUnixNano)
	require.Equal(t, begin().Add(time.Hour).UnixNano(), root.EndTimeUnixNano)
	require.Equal(t, "200", root.Attributes.get("http.response.status_code"), "64-bit integers are strings")
	require.Equal(t, kase.Run.ID.String(), run.Attributes.get("deskhand.run_id"))
	require.Equal(t, "answered", run.Attributes.get("deskhand.outcome"))
	require.InDelta(t, 0.75, run.Attributes.get("deskhand.confidence"), 0)

	require.Equal(t, begin().UnixNano(), stage.StartTimeUnixNano)
	require.Equal(t, begin().Add(time.Millisecond).UnixNano(), stage.EndTimeUnixNano)
	require.Equal(t, "a.b", stage.Attributes.get("deskhand.intent"))
	require.InDelta(t, 0.5, stage.Attributes.get("deskhand.certainty"), 0)
	require.Equal(t, true, stage.Attributes.get("deskhand.person"))
	require.Equal(t, "3", stage.Attributes.get("deskhand.count"))
	require.Equal(t, "P2", stage.Attributes.get("deskhand.priority"))
	require.Equal(t, "NaN", stage.Attributes.get("deskhand.odd"))
	require.JSONEq(t, `[{"slug":"x"}]`, fmt.Sprint(stage.Attributes.get("deskhand.hits")))
	require.Equal(t, map[string]any{"values": []any{map[string]any{"stringValue": "hacked"}}}, stage.Attributes.get("deskhand.risks"))
	require.Nil(t, stage.Attributes.get("deskhand.nothing"))
	require.Equal(t, 2, draft.Status.Code, "error")
	require.Equal(t, "deadline exceeded", draft.Status.Message)
	require.Equal(t, "draft", chat.Attributes.get("deskhand.purpose"))
	require.Equal(t, "stub", chat.Attributes.get("gen_ai.request.model"))
	require.Equal(t, "ok", chat.Attributes.get("deskhand.outcome"))
	require.Equal(t, "k", c.headers[0].Get("X-Key"))
}

func TestFailedModelCallOutsideARunIsASpanOfItsOwn(t *testing.T) {
	t.Parallel()

	c := newCollector(t)
	tracer := newTracer(t, c, t.Output())
	embedder := tracer.Embedder(llm.NewMeteredEmbedder(stub{fail: llm.ErrRateLimited}, llm.MeterConfig{Now: begin, Purpose: "import"}))
	_, err := embedder.Embed(t.Context(), []string{"text"})
	require.ErrorIs(t, err, llm.ErrRateLimited)
	require.NoError(t, tracer.Close(t.Context()))

	call := c.spans(t)["embeddings stub"]
	require.Equal(t, 2, call.Status.Code)
	require.Equal(t, "rate_limited", call.Status.Message)
	require.Empty(t, call.ParentSpanID)
}

// The error of a run that could not be recorded may quote anything: only its code leaves.
func TestErrorOfARunDoesNotLeave(t *testing.T) {
	t.Parallel()

	c := newCollector(t)
	tracer := newTracer(t, c, t.Output())
	_, done := tracer.Run(t.Context(), assistant.Case{})
	done(assistant.Conclusion{Decision: assistant.Decision{Outcome: assistant.OutcomeAnswered}}, errors.New("insert: the customer's words"))
	require.NoError(t, tracer.Close(t.Context()))

	run := c.spans(t)["run"]
	require.Equal(t, 2, run.Status.Code)
	require.Equal(t, "failed", run.Status.Message)
	require.NotContains(t, fmt.Sprint(c.sent), "customer's words")
}

func TestCollectorThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()

	c := newCollector(t)
	tries := 0
	c.answer = func(w http.ResponseWriter) {
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	tracer := newTracer(t, c, t.Output())
	_, request := tracer.Request(t.Context(), begin(), "")
	request.End(trace.RequestEnd{At: begin(), Method: "GET", Route: "/x", Status: 500, Problem: "internal"})
	require.NoError(t, tracer.Close(t.Context()))

	require.Equal(t, 2, tries)
	require.Equal(t, 2, c.spans(t)["GET /x"].Status.Code)
}

func TestCollectorThatRefusesIsToldOfOnceWithoutItsAddress(t *testing.T) {
	t.Parallel()

	c := newCollector(t)
	c.answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }
	var log strings.Builder
	tracer := newTracer(t, c, &log)
	_, request := tracer.Request(t.Context(), begin(), "")
	request.End(trace.RequestEnd{At: begin(), Method: "GET", Route: "/x", Status: 200})
	require.NoError(t, tracer.Close(t.Context()))

	require.Equal(t, 1, strings.Count(log.String(), "trace collector does not take spans"))
	require.Contains(t, log.String(), "http_status=403")
	require.NotContains(t, log.String(), "127.0.0.1")
}

func TestNoTracerMakesNoSpans(t *testing.T) {
	t.Parallel()

	var tracer *trace.Tracer
	ctx, request := tracer.Request(t.Context(), begin(), "")
	request.End(trace.RequestEnd{})
	same, done := tracer.Run(ctx, assistant.Case{})
	done(assistant.Conclusion{}, nil)
	require.Equal(t, t.Context(), same)
	require.Equal(t, stub{}, tracer.Model(stub{}))
	require.Nil(t, tracer.Embedder(nil))
	require.NoError(t, tracer.Close(ctx))
}

func TestEndpointThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()

	for _, endpoint := range []string{"", "localhost:4318", "ftp://collector", "http://", "::"} {
		_, err := trace.New(trace.Config{Endpoint: endpoint, Service: "desk"})
		require.ErrorContains(t, err, "http://localhost:4318", endpoint)
	}
	_, err := trace.New(trace.Config{Endpoint: "http://localhost:4318"})
	require.ErrorContains(t, err, "service name")
}

// stub is a model and an embedder that answers nothing.
type stub struct{ fail error }

func (s stub) Complete(context.Context, llm.Request) (llm.Response, error) {
	return llm.Response{}, s.fail
}
func (stub) Dimensions() int                                        { return 1 }
func (s stub) Embed(context.Context, []string) ([][]float32, error) { return nil, s.fail }
func (stub) Name() string                                           { return "stub" }
