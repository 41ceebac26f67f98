package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Endpoint names what was called.
type Endpoint string

// The endpoints of the stand-in.
const (
	Chat       Endpoint = "chat"
	Embeddings Endpoint = "embeddings"
	Models     Endpoint = "models"
)

// Recorded is one request as it arrived, without the headers that carry a key.
type Recorded struct {
	Body     []byte
	Endpoint Endpoint
	Header   http.Header
	Path     string // with the query
}

// Count returns how many requests an endpoint has had, refused ones included.
func (s *Server) Count(ep Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[ep]
}

// Requests returns the newest requests, oldest first.
func (s *Server) Requests() []Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ChatRequests returns the chat requests among Requests, decoded; bodies that are not JSON are left out.
func (s *Server) ChatRequests() []ChatRequest {
	var out []ChatRequest
	for _, r := range s.Requests() {
		if r.Endpoint != Chat {
			continue
		}
		var req ChatRequest
		if json.Unmarshal(r.Body, &req) == nil {
			out = append(out, req)
		}
	}
	return out
}

// Saw reports whether text occurs in a kept request: in its raw body, in any string of its JSON (so that escapes do
// not hide it), in its path or in a recorded header.
func (s *Server) Saw(text string) bool {
	return slices.ContainsFunc(s.Requests(), func(r Recorded) bool { return r.contains(text) })
}

// WaitFor blocks until an endpoint has had n requests or ctx ends.
func (s *Server) WaitFor(ctx context.Context, ep Endpoint, n int) error {
	for {
		s.mu.Lock()
		count, arrived := s.counts[ep], s.arrived
		s.mu.Unlock()
		if count >= n {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s request %d of %d: %w", ep, count+1, n, ctx.Err())
		}
	}
}

func (r Recorded) contains(text string) bool {
	if strings.Contains(string(r.Body), text) || strings.Contains(r.Path, text) {
		return true
	}
	for _, values := range r.Header {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
			return true
		}
	}
	var body any
	if json.Unmarshal(r.Body, &body) != nil {
		return false
	}
	return anyString(body, func(v string) bool { return strings.Contains(v, text) })
}

// record keeps the request and takes the fault that is scripted for it.
func (s *Server) record(ep Endpoint, r *http.Request, body []byte) Fault {
	header := r.Header.Clone()
	for _, secret := range []string{"Authorization", "Api-Key", "Proxy-Authorization", "Cookie"} {
		header.Del(secret)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[ep]++
	s.requests = append(s.requests, Recorded{Body: body, Endpoint: ep, Header: header, Path: r.URL.RequestURI()})
	if over := len(s.requests) - s.opts.KeepRequests; over > 0 {
		s.requests = slices.Delete(s.requests, 0, over)
	}
	close(s.arrived)
	s.arrived = make(chan struct{})

	if queue := s.queues[ep]; len(queue) > 0 {
		s.queues[ep] = queue[1:]
		return queue[0]
	}
	if fault := s.always[ep]; fault != nil {
		return *fault
	}
	return Fault{}
}

// anyString reports whether match holds for a string of a decoded JSON value, keys included.
func anyString(v any, match func(string) bool) bool {
	switch v := v.(type) {
	case string:
		return match(v)
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return anyString(e, match) })
	case map[string]any:
		for key, value := range v {
			if match(key) || anyString(value, match) {
				return true
			}
		}
	}
	return false
}
