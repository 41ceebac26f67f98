package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/trace"
)

const (
	// bodyLimit holds the longest reply of an agent (20,000 characters, up to 3 bytes each) and a customer's message.
	bodyLimit = 64 << 10
	// headerLimit is four times what browsers send with a key and our cookies.
	headerLimit = 8 << 10
	// readTimeout ends a request that comes in drops: 64 KiB take this long on the slowest of mobile networks.
	readTimeout = 15 * time.Second
	// idleTimeout keeps a widget's connection for the time that a customer types, and no longer.
	idleTimeout = 75 * time.Second
	// leastRequestTimeout is the least time for everything but questions: a few indexed queries.
	leastRequestTimeout = 10 * time.Second
	// answerMargin is what a question gets beyond the customer's deadline, for the stages around the pipeline. The pipeline
	// keeps the deadline itself and records its end also after this.
	answerMargin = time.Second
	// writeMargin is what a client gets to read an answer in, on top of the time until the answer is there.
	writeMargin = 15 * time.Second
)

const (
	requestIDHeader   = "X-Request-Id"
	traceParentHeader = "Traceparent"
)

// fiberConfig are the limits of a connection. A client that reads slowly holds one for the deadline and writeMargin.
func (s *server) fiberConfig() fiber.Config {
	return fiber.Config{
		AppName:               "deskhand",
		BodyLimit:             bodyLimit,
		CaseSensitive:         true,
		DisableStartupMessage: true,
		ErrorHandler:          s.refuse,
		IdleTimeout:           idleTimeout,
		Immutable:             true, // strings of a request outlive it: in goroutines, in the log
		ReadBufferSize:        headerLimit,
		ReadTimeout:           readTimeout,
		WriteTimeout:          s.Deadline + answerMargin + writeMargin,
	}
}

// requestTimeout bounds everything but questions, which have the deadline itself.
func (s *server) requestTimeout() time.Duration { return max(leastRequestTimeout, s.Deadline/2) }

// knownMethods answers what fiber itself answers in plain text: a method that it does not know.
func (s *server) knownMethods(app *fiber.App) fasthttp.RequestHandler {
	next := app.Handler()
	return func(rc *fasthttp.RequestCtx) {
		if slices.Contains(fiber.DefaultMethods, string(rc.Method())) {
			next(rc)
			return
		}
		c := app.AcquireCtx(rc)
		defer app.ReleaseCtx(c)
		_ = s.refuse(c, fiber.ErrMethodNotAllowed) // encoding a problem cannot fail
	}
}

// uploads raises the limit of a body for articles and glossaries, which are longer than all else. A caller must show a lead's or
// an admin's key before that much is read; whether it is in force is checked later.
func uploads(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	starts := func(text []byte, prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return bytes.HasPrefix(text, []byte(prefix)) })
	}
	if !starts(header.RequestURI(), "/v1/articles", "/v1/terms/import") ||
		!starts(header.Peek("Authorization"), "Bearer dh_admin_", "Bearer dh_lead_") {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: articleBodyLimit}
}

// observe is around every request: it names it, bounds it, survives its panics and reports its end.
func (s *server) observe(c *fiber.Ctx) error {
	r := &request{id: requestID(c.Get(requestIDHeader)), method: c.Method(), place: s.placeOf(c), startedAt: s.Clock()}
	ctx, cancel := context.WithTimeout(context.WithValue(c.UserContext(), requestKey{}, r), s.requestTimeout())
	defer cancel()
	ctx, r.span = s.Tracer.Request(ctx, r.startedAt, c.Get(traceParentHeader))
	c.SetUserContext(ctx)
	s.setHeaders(c, r)
	s.metrics.inFlight.Inc()
	if err := s.survive(c); err != nil {
		if err := s.refuse(c, err); err != nil {
			return err
		}
	}
	if r.streaming {
		return nil // r belongs to the stream now
	}
	for _, cookie := range r.cookies { // here, because Huma's adapter would join several in one header
		c.Response().Header.Add(fiber.HeaderSetCookie, cookie.String())
	}
	r.route, r.status = routeOf(c), c.Response().StatusCode()
	s.report(ctx, r)
	return nil
}

// placeOf is where a request comes from.
func (s *server) placeOf(c *fiber.Ctx) postgres.Place {
	address := access.ClientAddress(c.Context().RemoteIP().String(), c.IPs(), s.TrustedProxies)
	return postgres.Place{Network: access.Network(address), UserAgent: c.Get(fiber.HeaderUserAgent)}
}

// survive runs the rest of the chain and turns a panic into an error. The panic's value may hold a customer's words, so
// only its type is logged, with the stack.
func (s *server) survive(c *fiber.Ctx) (err error) {
	defer func() {
		if value := recover(); value != nil {
			s.logPanic(c.UserContext(), value)
			err = newProblem(kindInternal, internalDetail)
		}
	}()
	return c.Next()
}

func (s *server) logPanic(ctx context.Context, value any) {
	message := fmt.Sprintf("%T", value)
	if e, ok := value.(runtime.Error); ok {
		message = e.Error() // of the language itself: indexes and types
	}
	s.Logger.ErrorContext(ctx, "request panicked", slog.String("request_id", requestFrom(ctx).id),
		slog.String("panic", message), slog.String("stack", string(debug.Stack())))
}

// report writes the log line, the metrics and the span of a request that has ended.
func (s *server) report(ctx context.Context, r *request) {
	ended := s.Clock()
	elapsed := ended.Sub(r.startedAt)
	s.metrics.observe(r, elapsed)
	r.span.End(trace.RequestEnd{
		At: ended, ID: r.id, Method: r.method, Outcome: string(r.answer), Problem: r.problem, Route: r.route, Status: r.status,
	})
	level := slog.LevelInfo
	if r.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attributes := []slog.Attr{
		slog.String("method", r.method), slog.String("route", r.route), slog.Int("status", r.status),
		slog.Float64("duration_ms", float64(elapsed)/float64(time.Millisecond)), slog.String("request_id", r.id),
	}
	if r.key.ID != uuid.Nil {
		attributes = append(attributes, slog.String("key_id", r.key.ID.String()))
	}
	if r.caller.Session {
		attributes = append(attributes, slog.String("agent_id", r.login.Agent.ID.String()))
	}
	if r.problem != "" {
		attributes = append(attributes, slog.String("problem", r.problem))
	}
	s.Logger.LogAttrs(ctx, level, "request", attributes...)
}

// refuse is fiber's error handler: it also gets what never reached a route, such as a body that is too large.
func (s *server) refuse(c *fiber.Ctx, err error) error {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		status := http.StatusInternalServerError
		if e, ok := errors.AsType[*fiber.Error](err); ok {
			status = e.Code
		}
		k := kindOfStatus(status)
		p = newProblem(k.name, k.detail)
	}
	r, seen := c.UserContext().Value(requestKey{}).(*request)
	if !seen {
		r = &request{id: requestID("")}
		s.setHeaders(c, r)
		s.Logger.Info("request refused", slog.Int("status", p.Status), slog.String("request_id", r.id))
	}
	return write(c, r, p)
}

// write sends a problem.
func write(c *fiber.Ctx, r *request, p *Problem) error {
	r.problem = p.kind
	p.RequestID = r.id
	for name, values := range p.GetHeaders() {
		c.Set(name, values[0])
	}
	if inChatProtocol(c.Path()) {
		if err := c.Status(p.Status).JSON(newChatError(p)); err != nil {
			return fmt.Errorf("write error: %w", err)
		}
		return nil
	}
	if err := c.Status(p.Status).JSON(p, problemType); err != nil {
		return fmt.Errorf("write problem: %w", err)
	}
	return nil
}

// setHeaders sets what every answer carries. A page that needs more (the docs) replaces the policy.
func (s *server) setHeaders(c *fiber.Ctx, r *request) {
	c.Set(requestIDHeader, r.id)
	for _, header := range securityHeaders() {
		c.Set(header[0], header[1])
	}
	if c.Context().IsTLS() { // where a proxy has the certificate, this is up to the proxy
		c.Set(fiber.HeaderStrictTransportSecurity, transportSecurity)
	}
}

// transportSecurity keeps a browser from plain http for a year.
const transportSecurity = "max-age=31536000"

// securityHeaders are on every answer: names and values.
func securityHeaders() [][2]string {
	return [][2]string{
		{fiber.HeaderCacheControl, "no-store"},
		{fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'"},
		{fiber.HeaderReferrerPolicy, "no-referrer"},
		{fiber.HeaderXContentTypeOptions, "nosniff"},
	}
}

// unmatched is the route of requests that have none.
const unmatched = "unmatched"

// routeOf is the pattern of the route, never the path: a path holds ids, and metrics must not grow with them.
func routeOf(c *fiber.Ctx) string {
	// observe itself is at "/": nothing behind it took the request.
	if path := c.Route().Path; path != "/" {
		return path
	}
	return unmatched
}

// loggable is a request id that neither breaks a log line nor hides a sentence.
var loggable = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID returns the caller's id of a request when it is safe to log, else a new one.
func requestID(given string) string {
	if loggable.MatchString(given) {
		return given
	}
	return uuid.NewString()
}
