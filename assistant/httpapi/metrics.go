package httpapi

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are rate, errors and duration of each route, and how questions end. Their labels take few values: patterns of
// routes, known methods, status codes, outcomes.
type metrics struct {
	answers  *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer, version string) (*metrics, error) {
	m := &metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskhand_http_answers_total", Help: "Questions that got an end over HTTP; a repeated request counts again.",
		}, []string{"outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deskhand_http_request_duration_seconds", Help: "Time to the end of the answer, for a stream to its last event.",
			// From an indexed query to the deadline of a customer.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30},
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deskhand_http_requests_in_flight", Help: "Requests that have not ended.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskhand_http_requests_total", Help: "Requests that have ended.",
		}, []string{"method", "route", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "deskhand_build_info", Help: "Always 1; the label says which build runs.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	for _, collector := range []prometheus.Collector{m.answers, m.duration, m.inFlight, m.requests, build} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// observe counts a request that has ended.
func (m *metrics) observe(r *request, elapsed time.Duration) {
	m.inFlight.Dec()
	m.requests.WithLabelValues(r.method, r.route, strconv.Itoa(r.status)).Inc()
	m.duration.WithLabelValues(r.method, r.route).Observe(elapsed.Seconds())
	if r.answer != "" {
		m.answers.WithLabelValues(string(r.answer)).Inc()
	}
}
