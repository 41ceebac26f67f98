package trace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// scope names who makes the spans.
const scope = "github.com/deskhand/deskhand"

// Config is what a Tracer is made of.
type Config struct {
	Clock    func() time.Time
	Endpoint string            // of the collector, http://HOST:PORT; spans go to /v1/traces below it
	Headers  map[string]string // sent along, such as a collector's key
	Logger   *slog.Logger
	Service  string // name of this service
	Version  string // of the build
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	parsed, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https":
		return errors.New("the endpoint of the trace collector must be a URL such as http://localhost:4318") // it may hold a key
	case c.Service == "":
		return errors.New("the service name of traces is empty")
	}
	return nil
}

// Tracer makes spans. A nil Tracer makes none. It is safe for concurrent use.
type Tracer struct {
	clock    func() time.Time
	provider *sdktrace.TracerProvider
	spans    oteltrace.Tracer
}

// New returns a Tracer. The variables of the OpenTelemetry SDK, such as OTEL_TRACES_SAMPLER, OTEL_BSP_SCHEDULE_DELAY and
// OTEL_RESOURCE_ATTRIBUTES, are in force.
func New(c Config) (*Tracer, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configure traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(newExporter(c)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", c.Service), attribute.String("service.version", c.Version),
		)),
	)
	return &Tracer{
		clock: c.Clock, provider: provider,
		spans: provider.Tracer(scope, oteltrace.WithInstrumentationVersion(c.Version)),
	}, nil
}

// Close sends what is still waiting, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("close traces: %w", err)
	}
	return nil
}
