package trace

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// exportTimeout bounds one attempt. The batches that come meanwhile wait in the SDK's queue, or are dropped.
	exportTimeout = 10 * time.Second
	// exportAttempts and retryDelay carry a batch over a collector's restart, and no longer: spans are worth little.
	exportAttempts = 3
	retryDelay     = time.Second
	// maxAnswer is how much of a collector's answer is read.
	maxAnswer = 64 << 10
)

// exporter posts spans to a collector.
type exporter struct {
	client  *http.Client
	failing atomic.Bool // so that a collector that is gone is told of once
	headers map[string]string
	logger  *slog.Logger
	url     string
}

func newExporter(c Config) *exporter {
	return &exporter{
		client: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // headers may hold a key
			Timeout:       exportTimeout,
		},
		headers: c.Headers,
		logger:  c.Logger,
		url:     strings.TrimSuffix(c.Endpoint, "/") + "/v1/traces",
	}
}

// ExportSpans implements sdktrace.SpanExporter. It never fails: lost spans are logged and forgotten.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	body, err := encode(spans)
	if err != nil {
		e.lost(ctx, len(spans), 0)
		return nil //nolint:nilerr // logged; the SDK would print it a second time
	}
	for attempt := range exportAttempts {
		status, err := e.post(ctx, body)
		if err == nil && status < http.StatusMultipleChoices {
			if e.failing.Swap(false) {
				e.logger.InfoContext(ctx, "trace collector takes spans again")
			}
			return nil
		}
		if err == nil && !temporary(status) || attempt == exportAttempts-1 || !pause(ctx, retryDelay<<attempt) {
			e.lost(ctx, len(spans), status)
			return nil
		}
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (*exporter) Shutdown(context.Context) error { return nil }

func (e *exporter) post(ctx context.Context, body []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("build request: %w", err)
	}
	for name, value := range e.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := e.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("export spans: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // so that the connection can be used again
	return response.StatusCode, nil
}

// lost says once that the collector does not take spans. Its address and answer stay out of the log: they may hold a key.
func (e *exporter) lost(ctx context.Context, spans, status int) {
	if !e.failing.Swap(true) {
		e.logger.WarnContext(ctx, "trace collector does not take spans: they are lost until it does",
			slog.Int("http_status", status), slog.Int("spans", spans))
	}
}

// temporary reports whether OTLP says to try again.
func temporary(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// pause waits, and reports whether ctx is still going on.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
