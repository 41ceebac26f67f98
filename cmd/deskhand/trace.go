package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant/trace"
)

// tracesTimeout is how long the end of the program waits for a collector to take the last spans.
const tracesTimeout = 3 * time.Second

// traces are the settings of the trace collector.
func (c config) traces() (trace.Config, error) {
	headers, err := parseHeaders(c.OTLPHeaders)
	if err != nil {
		return trace.Config{}, err
	}
	traces := trace.Config{Endpoint: c.OTLPEndpoint, Headers: headers, Service: c.OTelServiceName, Version: version}
	if err := traces.Validate(); err != nil {
		return traces, fmt.Errorf("--otlp-endpoint or --otel-service-name: %w", err)
	}
	return traces, nil
}

// validateTraces reports the first setting of traces that cannot work.
func (c config) validateTraces() error {
	if c.OTLPEndpoint != "" {
		_, err := c.traces()
		return err
	}
	_, err := parseHeaders(c.OTLPHeaders)
	return err
}

// openTracer returns the configured Tracer, or nil: without a collector, no spans are made.
func openTracer(a *app) (*trace.Tracer, error) {
	if a.config.OTLPEndpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracer makes no spans
	}
	traces, err := a.config.traces()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	traces.Clock, traces.Logger = a.clock, a.logger
	return trace.New(traces)
}

// closeTracer sends the last spans. That they are lost is no failure of the command.
func closeTracer(ctx context.Context, a *app, tracer *trace.Tracer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesTimeout)
	defer cancel()
	if err := tracer.Close(ctx); err != nil {
		a.logger.Warn("the last traces were lost")
	}
}

// parseHeaders reads OTEL_EXPORTER_OTLP_HEADERS: name=value,name=value, values percent-encoded. Errors name no value.
func parseHeaders(list string) (map[string]string, error) {
	headers := make(map[string]string)
	for pair := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil || !headerName(name) || strings.ContainsAny(decoded, "\r\n\x00") {
			return nil, fmt.Errorf("--otlp-headers: write name=value,name=value with values percent-encoded; the header %q is wrong", name)
		}
		headers[name] = decoded
	}
	return headers, nil
}

// headerName reports whether a text can be the name of a header.
func headerName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("-_.", c)
	})
}
