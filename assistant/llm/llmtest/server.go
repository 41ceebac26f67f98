// Package llmtest is a stand-in for an OpenAI-compatible server: real HTTP on the loopback interface, chat completions
// (plain, JSON mode, JSON Schema, streamed), embeddings (floats and base64) and the model list. Answers are
// deterministic, faults are scripted request by request, and every request is recorded.
//
// It holds no model. Chat answers come from a Responder; the default one returns the smallest JSON value that
// satisfies the request's schema. Embeddings are hashed words and character pairs, so that texts that share words are
// near each other and nothing else is. The evaluation command and the benchmark use it outside tests, so it does not
// import package testing.
package llmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	defaultDimensions   = 256
	defaultKeepRequests = 4096
	maxRequestBody      = 64 << 20
)

// TB is the part of testing.TB that New needs.
type TB interface {
	Cleanup(cleanup func())
	Fatalf(format string, args ...any)
	Helper()
}

// Options configures a Server. The zero value is a server with every feature and no latency.
type Options struct {
	// APIKey, when set, is demanded as bearer token or api-key header; other requests get 401.
	APIKey string

	// Dimensions is the size of a vector when the request names none. Default 256.
	Dimensions int

	// FloatsOnly makes the server answer floats where base64 was asked for, as some local servers do.
	FloatsOnly bool

	// KeepRequests is how many of the newest requests are kept; counters go on. Default 4096.
	KeepRequests int

	// Latency is waited before every answer.
	Latency time.Duration

	// Models is the model list. When set, a request for another model gets 404. Default: one chat and one embedding
	// model, and any name is served.
	Models []string

	// Responder writes the chat answers. Default: Minimal.
	Responder Responder

	// Unsupported lists request fields that are answered with 400, by their JSON name ("temperature", "dimensions",
	// "max_tokens", "encoding_format", "response_format") or by a value of one: "json_schema", "json_object", "base64".
	Unsupported []string
}

// Server is a running stand-in. All methods are safe for concurrent use.
type Server struct {
	done   chan struct{}
	http   *http.Server
	ln     net.Listener
	opts   Options
	served sync.WaitGroup

	mu         sync.Mutex
	always     map[Endpoint]*Fault
	arrived    chan struct{} // closed and replaced at each request
	counts     map[Endpoint]int
	queues     map[Endpoint][]Fault
	requests   []Recorded
	responder  Responder
	closeState sync.Once
}

// New starts a server with default options and stops it when the test ends.
func New(tb TB) *Server {
	tb.Helper()
	return NewWith(tb, Options{})
}

// NewWith starts a server and stops it when the test ends.
func NewWith(tb TB, opts Options) *Server {
	tb.Helper()
	s, err := NewServer(opts)
	if err != nil {
		tb.Fatalf("start llmtest server: %v", err)
		return nil
	}
	tb.Cleanup(s.Close)
	return s
}

// NewServer starts a server on a free loopback port. The caller closes it.
func NewServer(opts Options) (*Server, error) {
	if opts.Dimensions == 0 {
		opts.Dimensions = defaultDimensions
	}
	if opts.KeepRequests == 0 {
		opts.KeepRequests = defaultKeepRequests
	}
	if opts.Responder == nil {
		opts.Responder = Minimal
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	s := &Server{
		always:    make(map[Endpoint]*Fault),
		arrived:   make(chan struct{}),
		counts:    make(map[Endpoint]int),
		done:      make(chan struct{}),
		ln:        ln,
		opts:      opts,
		queues:    make(map[Endpoint][]Fault),
		responder: opts.Responder,
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.served.Go(func() { _ = s.http.Serve(ln) }) // always ErrServerClosed after Close
	return s, nil
}

// BaseURL is the address to configure a client with; it ends in /v1.
func (s *Server) BaseURL() string { return s.RootURL() + "/v1" }

// RootURL is the address without a path, as Azure's URL layout needs it.
func (s *Server) RootURL() string { return "http://" + s.ln.Addr().String() }

// Close cuts every connection, ends hanging answers and waits for the listener. Later calls do nothing.
func (s *Server) Close() {
	s.closeState.Do(func() {
		close(s.done)
		_ = s.http.Close()
		s.served.Wait()
	})
}

// SetResponder replaces the chat responder for the requests that follow.
func (s *Server) SetResponder(r Responder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.responder = r
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.handle(Chat, s.chat))
	mux.HandleFunc("POST /v1/embeddings", s.handle(Embeddings, s.embeddings))
	mux.HandleFunc("GET /v1/models", s.handle(Models, s.models))
	mux.HandleFunc("POST /openai/deployments/{model}/chat/completions", s.handle(Chat, s.chat))
	mux.HandleFunc("POST /openai/deployments/{model}/embeddings", s.handle(Embeddings, s.embeddings))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, apiError{Message: "unknown URL", Status: http.StatusNotFound, Type: "invalid_request_error"})
	})
	return mux
}

// call is one request on its way to an answer.
type call struct {
	body  []byte
	fault Fault
	r     *http.Request
	w     http.ResponseWriter
}

// handle records the request, applies authentication, latency and the scripted fault, then answers.
func (s *Server) handle(ep Endpoint, answer func(*call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
		if err != nil {
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				writeError(w, apiError{
					Message: "request too large", Status: http.StatusRequestEntityTooLarge, Type: "invalid_request_error",
				})
			}
			return
		}
		c := &call{body: body, fault: s.record(ep, r, body), r: r, w: w}
		if !s.authorized(r) {
			writeError(w, apiError{
				Code: "invalid_api_key", Message: "Incorrect API key provided", Status: http.StatusUnauthorized,
				Type: "invalid_request_error",
			})
			return
		}
		if !s.wait(r, s.opts.Latency) {
			return
		}
		if c.fault.serve != nil {
			c.fault.serve(s, c, answer)
			return
		}
		answer(c)
	}
}

// wait sleeps for d and reports false when the client or the server went away first.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}

func (s *Server) authorized(r *http.Request) bool {
	if s.opts.APIKey == "" {
		return true
	}
	return r.Header.Get("Authorization") == "Bearer "+s.opts.APIKey || r.Header.Get("Api-Key") == s.opts.APIKey
}

func (s *Server) models(c *call) {
	type model struct {
		Created int64  `json:"created"`
		ID      string `json:"id"`
		Object  string `json:"object"`
		OwnedBy string `json:"owned_by"`
	}
	names := s.opts.Models
	if len(names) == 0 {
		names = []string{"llmtest-chat", "llmtest-embedding"}
	}
	list := make([]model, len(names))
	for i, name := range names {
		list[i] = model{ID: name, Object: "model", OwnedBy: "llmtest"}
	}
	writeJSON(c.w, map[string]any{"object": "list", "data": list})
}

// rejects answers requests that use an unsupported field or an unknown model, and reports whether it did.
func (s *Server) rejects(c *call, model string) bool {
	if len(s.opts.Models) > 0 && !slices.Contains(s.opts.Models, model) {
		writeError(c.w, apiError{
			Code: "model_not_found", Message: "The model does not exist", Status: http.StatusNotFound,
			Type: "invalid_request_error",
		})
		return true
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &fields); err != nil {
		writeError(c.w, apiError{
			Message: "could not parse the JSON body", Status: http.StatusBadRequest, Type: "invalid_request_error",
		})
		return true
	}
	for _, name := range s.opts.Unsupported {
		param := usedParam(fields, name)
		if param == "" {
			continue
		}
		writeError(c.w, apiError{
			Code: "unsupported_parameter", Message: "Unsupported parameter: '" + param + "' is not supported with this model.",
			Param: param, Status: http.StatusBadRequest, Type: "invalid_request_error",
		})
		return true
	}
	return false
}

// usedParam returns the parameter that a request uses and name forbids, or "".
func usedParam(fields map[string]json.RawMessage, name string) string {
	var format ResponseFormat
	_ = json.Unmarshal(fields["response_format"], &format) // absent or odd: no type, so not forbidden by it
	switch name {
	case "base64":
		if string(fields["encoding_format"]) == `"base64"` {
			return "encoding_format"
		}
	case format.Type:
		return "response_format"
	default:
		if _, used := fields[name]; used {
			return name
		}
	}
	return ""
}

// apiError is the protocol's error object.
type apiError struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
	Status  int    `json:"-"`
	Type    string `json:"type"`
}

func writeError(w http.ResponseWriter, e apiError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]apiError{"error": e}) //nolint:errchkjson // the client may be gone
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // the client may be gone
}
