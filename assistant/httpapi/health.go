package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/confidence"
)

// probeTimeout bounds one readiness check: whoever asks, asks again in seconds.
const probeTimeout = 2 * time.Second

// check is a condition of readiness.
type check struct {
	fix   string // what an operator should do; anybody may read it
	name  string // what is missing when the probe fails
	probe func(ctx context.Context) error
}

// Health says that the process answers.
type Health struct {
	Status  string `enum:"ok" json:"status"`
	Version string `doc:"Of the build." json:"version"`
}

// Readiness says that the service can do its work.
type Readiness struct {
	KBVersion int64  `doc:"Version of the knowledge base: it grows with each change." json:"kb_version"`
	Status    string `enum:"ready" json:"status"`

	Warnings []FieldError `doc:"What works, but less well than it could, and how to mend it." json:"warnings,omitempty" nullable:"false"`
}

func (s *server) describeHealth(api huma.API) {
	tags := []string{"Operators"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Answers as long as the process lives.",
		Method:      http.MethodGet, OperationID: "health", Path: "/healthz", Summary: "Alive?", Tags: tags,
	}, access.Anyone), s.health)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Answers 503 while something that the service needs is missing, and names it in errors. " +
			"What works less well than it could, such as a confidence that was fitted for another embedding model, is in warnings.",
		Method: http.MethodGet, OperationID: "readiness", Path: "/readyz", Summary: "Ready?", Tags: tags,
	}, access.Anyone), s.readiness)
}

func (s *server) health(context.Context, *struct{}) (*output[Health], error) {
	return &output[Health]{Body: Health{Status: "ok", Version: s.Version}}, nil
}

func (s *server) readiness(ctx context.Context, _ *struct{}) (*output[Readiness], error) {
	ready := Readiness{Status: "ready"}
	var missing []FieldError
	for _, c := range []check{
		{fix: "start PostgreSQL and check DATABASE_URL", name: "database", probe: s.Store.Ping},
		{fix: "bring the database to the schema of this build: deskhand migrate", name: "schema", probe: func(ctx context.Context) error {
			var err error
			ready.KBVersion, err = s.Index().Version(ctx)
			return err
		}},
	} {
		if err := c.run(ctx); err != nil {
			s.Logger.WarnContext(ctx, "not ready", slog.String("missing", c.name), slog.Any("error", err))
			missing = append(missing, FieldError{Field: c.name, Message: c.fix})
		}
	}
	if len(missing) > 0 {
		p := newProblem(kindNotReady, kindNamed(kindNotReady).detail)
		p.Errors = missing
		return nil, p
	}
	ready.Warnings = s.warnings()
	return &output[Readiness]{Body: ready}, nil
}

// warnings are no reason to take a replica out of service.
func (s *server) warnings() []FieldError {
	stale := s.Assistant.StaleFit(s.Index().Model())
	if len(stale) == 0 {
		return nil
	}
	return []FieldError{{
		Field: "confidence",
		Message: "the confidence was fitted for another " + strings.Join(stale, ", ") + ": answers are sent from a probability of " +
			strconv.FormatFloat(confidence.Conservative, 'g', -1, 64) + " on only; fit it with deskhand eval calibrate",
	}}
}

func (c check) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return c.probe(ctx)
}

// servePlain adds the routes that speak no JSON: preflights, and metrics in Prometheus' text format. Metrics need no key, so
// that they can be read while the database is down; they hold counts only. A proxy should not pass them on.
func (s *server) servePlain(app *fiber.App) {
	for _, path := range []string{
		"/v1/answers", "/v1/channels/verify",
		"/v1/conversations/:id", "/v1/conversations/:id/events", "/v1/conversations/:id/feedback", "/v1/conversations/:id/handoff",
	} {
		app.Options(path, preflight)
	}
	for _, path := range []string{chatPath, modelsPath, modelsPath + "/:id"} {
		app.Options(path, chatPreflight)
	}
	app.Get("/metrics", adaptor.HTTPHandler(promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{})))
}
