package llmtest

import (
	"bytes"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Fault is something that goes wrong with one request. The zero value is a normal answer, for use in a script between
// two faults.
type Fault struct {
	chat       func(*ChatReply)
	embeddings func(*EmbeddingsReply)
	serve      func(s *Server, c *call, answer func(*call))
}

// Script queues faults for the next requests of an endpoint, one each, in order. After them requests are answered
// normally, or as Always says.
func (s *Server) Script(ep Endpoint, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queues[ep] = append(s.queues[ep], faults...)
}

// Always makes every request of an endpoint fail in one way once its script is used up, until Heal.
func (s *Server) Always(ep Endpoint, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always[ep] = &fault
}

// Heal drops the faults of an endpoint that have not happened yet.
func (s *Server) Heal(ep Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.always, ep)
	delete(s.queues, ep)
}

// Status answers with an HTTP error status and an error object; use ServerError and RateLimited for those two.
func Status(status int) Fault {
	return Fault{serve: func(_ *Server, c *call, _ func(*call)) {
		writeError(c.w, apiError{Message: "scripted status", Status: status, Type: "invalid_request_error"})
	}}
}

// APIError answers with an HTTP status and an error object of the given code, parameter and message.
func APIError(status int, code, param, message string) Fault {
	return Fault{serve: func(_ *Server, c *call, _ func(*call)) {
		writeError(c.w, apiError{Code: code, Message: message, Param: param, Status: status, Type: "invalid_request_error"})
	}}
}

// RateLimited answers 429 with Retry-After in whole seconds, rounded up, and Retry-After-Ms exactly, as OpenAI does.
// Zero leaves both out.
func RateLimited(retryAfter time.Duration) Fault {
	return Fault{serve: func(_ *Server, c *call, _ func(*call)) {
		if retryAfter > 0 {
			seconds := (retryAfter + time.Second - 1) / time.Second
			c.w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
			c.w.Header().Set("Retry-After-Ms", strconv.FormatInt(retryAfter.Milliseconds(), 10))
		}
		writeError(c.w, apiError{
			Code: "rate_limit_exceeded", Message: "Rate limit reached", Status: http.StatusTooManyRequests, Type: "requests",
		})
	}}
}

// ServerError answers with a 5xx status and an HTML page, as a proxy in front of a model does.
func ServerError(status int) Fault {
	return Fault{serve: func(_ *Server, c *call, _ func(*call)) {
		c.w.Header().Set("Content-Type", "text/html")
		c.w.WriteHeader(status)
		_, _ = c.w.Write([]byte("<html><body><h1>scripted failure</h1></body></html>"))
	}}
}

// Redirect answers 307 to another address.
func Redirect(target string) Fault {
	return Fault{serve: func(_ *Server, c *call, _ func(*call)) {
		c.w.Header().Set("Location", target)
		c.w.WriteHeader(http.StatusTemporaryRedirect)
	}}
}

// Hang never answers; it ends when the client or the server goes away.
func Hang() Fault {
	return Fault{serve: func(s *Server, c *call, _ func(*call)) { s.wait(c.r, math.MaxInt64) }}
}

// Slow answers normally after d.
func Slow(d time.Duration) Fault {
	return Fault{serve: func(s *Server, c *call, answer func(*call)) {
		if s.wait(c.r, d) {
			answer(c)
		}
	}}
}

// SlowDrip sends the normal answer one byte every interval.
func SlowDrip(interval time.Duration) Fault {
	return Fault{serve: func(s *Server, c *call, answer func(*call)) {
		body := answerInto(c, answer)
		flusher := http.NewResponseController(c.w)
		for i := range body {
			if _, err := c.w.Write(body[i : i+1]); err != nil {
				return
			}
			_ = flusher.Flush()
			if !s.wait(c.r, interval) {
				return
			}
		}
	}}
}

// CutBody announces the normal answer, streamed or not, sends half of it and drops the connection.
func CutBody() Fault {
	return Fault{serve: func(_ *Server, c *call, answer func(*call)) {
		body := answerInto(c, answer)
		c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = c.w.Write(body[:len(body)/2])
		_ = http.NewResponseController(c.w).Flush()
		panic(http.ErrAbortHandler) // the documented way to drop a connection without a log line
	}}
}

// CutConnection drops the connection before any answer.
func CutConnection() Fault {
	return Fault{serve: func(*Server, *call, func(*call)) { panic(http.ErrAbortHandler) }}
}

// Body answers 200 with exactly these bytes.
func Body(body string) Fault { return BodyWithStatus(http.StatusOK, body) }

// BodyWithStatus answers with a status and exactly these bytes, for errors in other servers' formats.
func BodyWithStatus(status int, body string) Fault {
	return Fault{serve: func(_ *Server, c *call, _ func(*call)) {
		c.w.Header().Set("Content-Type", "application/json")
		c.w.WriteHeader(status)
		_, _ = c.w.Write([]byte(body))
	}}
}

// MalformedBody answers 200 with JSON that ends in the middle.
func MalformedBody() Fault { return Body(`{"id":"chatcmpl-llmtest","choices":[{"index":0,"mess`) }

// Content replaces the text of the chat answer: hostile text, the wrong language, prose instead of JSON.
func Content(text string) Fault {
	return Fault{chat: func(r *ChatReply) { *r = ChatReply{Content: text} }}
}

// MalformedContent answers with text that looks like JSON and is not.
func MalformedContent() Fault { return Content(`{"answerable": tru, "sentences": [`) }

// SchemaViolation answers with a valid JSON object that has only a property no schema names.
func SchemaViolation() Fault { return Content(`{"llmtest_unexpected": 1}`) }

// Truncated cuts the answer in the middle and says that the token limit was the reason.
func Truncated() Fault {
	return Fault{chat: func(r *ChatReply) {
		runes := []rune(r.Content)
		r.Content, r.FinishReason = string(runes[:len(runes)/2]), "length"
	}}
}

// EmptyChoices answers with no choice at all.
func EmptyChoices() Fault { return Fault{chat: func(r *ChatReply) { r.NoChoices = true }} }

// Refusal answers with the protocol's refusal field.
func Refusal() Fault {
	return Fault{chat: func(r *ChatReply) { *r = ChatReply{Refusal: "I can't help with that."} }}
}

// ContentFilter answers with an empty text that a content filter stopped.
func ContentFilter() Fault {
	return Fault{chat: func(r *ChatReply) { *r = ChatReply{FinishReason: "content_filter"} }}
}

// WrongSize sends vectors that are one value short.
func WrongSize() Fault {
	return Fault{embeddings: func(r *EmbeddingsReply) {
		for i, v := range r.Vectors {
			r.Vectors[i] = v[:len(v)-1]
		}
	}}
}

// NotFinite puts a NaN into the first vector. JSON numbers cannot carry one, so only base64 answers show it; in
// float form the body is empty.
func NotFinite() Fault {
	return Fault{embeddings: func(r *EmbeddingsReply) { r.Vectors[0][0] = float32(math.NaN()) }}
}

// ZeroVector makes the first vector all zeros, which has no direction.
func ZeroVector() Fault {
	return Fault{embeddings: func(r *EmbeddingsReply) { clear(r.Vectors[0]) }}
}

// FewerVectors leaves the last vector out.
func FewerVectors() Fault {
	return Fault{embeddings: func(r *EmbeddingsReply) {
		r.Vectors, r.Indexes = r.Vectors[:len(r.Vectors)-1], r.Indexes[:len(r.Indexes)-1]
	}}
}

// Reversed sends the vectors in reverse order with their right indexes, as the protocol allows.
func Reversed() Fault {
	return Fault{embeddings: func(r *EmbeddingsReply) {
		for i, j := 0, len(r.Vectors)-1; i < j; i, j = i+1, j-1 {
			r.Vectors[i], r.Vectors[j] = r.Vectors[j], r.Vectors[i]
			r.Indexes[i], r.Indexes[j] = r.Indexes[j], r.Indexes[i]
		}
	}}
}

// SameIndex gives every vector the index 0.
func SameIndex() Fault {
	return Fault{embeddings: func(r *EmbeddingsReply) { clear(r.Indexes) }}
}

// answerInto produces the normal answer in memory; its header goes to the real response, which stays unsent.
func answerInto(c *call, answer func(*call)) []byte {
	buffered := &bufferedResponse{header: c.w.Header()}
	inner := *c
	inner.w = buffered
	answer(&inner)
	return buffered.body.Bytes()
}

// bufferedResponse is a response writer that keeps the body.
type bufferedResponse struct {
	body   bytes.Buffer
	header http.Header
}

func (b *bufferedResponse) Flush() {}

func (b *bufferedResponse) Header() http.Header { return b.header }

func (b *bufferedResponse) Write(p []byte) (int, error) { return b.body.Write(p) } // never fails

// WriteHeader drops the status: a fault that cuts or slows an answer is scripted for answers that succeed.
func (b *bufferedResponse) WriteHeader(int) {}
