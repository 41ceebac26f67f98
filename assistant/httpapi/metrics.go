package httpapi

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/admission"
)

// metrics are rate, errors and duration of each route, and how questions end. Their labels take few values: patterns of
// routes, known methods, status codes, outcomes.
type metrics struct {
	admissions *prometheus.CounterVec
	answers    *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	inFlight   prometheus.Gauge
	requests   *prometheus.CounterVec
}

func newMetrics(c Config) (*metrics, error) {
	m := &metrics{
		admissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskhand_admissions_total",
			Help: "Questions by what became of them at the door: admitted, urgent (beyond a limit, for a person), refused by a limit.",
		}, []string{"result"}),
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
	m.begin()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "deskhand_build_info", Help: "Always 1; the label says which build runs.",
		ConstLabels: prometheus.Labels{"version": c.Version},
	})
	build.Set(1)
	collectors := append(placesTaken(c.Gate), m.admissions, m.answers, m.duration, m.inFlight, m.requests, build)
	for _, collector := range collectors {
		if err := c.Registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// begin makes the series that an alert must see grow from 0.
func (m *metrics) begin() {
	for _, outcome := range []assistant.Outcome{assistant.OutcomeAnswered, assistant.OutcomeClarify, assistant.OutcomeHandedOff} {
		m.answers.WithLabelValues(string(outcome))
	}
	m.admissions.WithLabelValues(admitted)
	m.admissions.WithLabelValues(admittedUrgent)
	for _, limit := range []admission.Limit{admission.LimitKey, admission.LimitPlaces, admission.LimitTotal, admission.LimitVisitor} {
		m.admissions.WithLabelValues(refusedPrefix + string(limit))
	}
}

// placesTaken shows how full the replica is.
func placesTaken(gate *admission.Gate) []prometheus.Collector {
	gauge := func(kind string, taken func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "deskhand_questions_in_flight", Help: "Questions that are being worked on, in places for all or for urgent cases.",
			ConstLabels: prometheus.Labels{"place": kind},
		}, func() float64 { return float64(taken()) })
	}
	return []prometheus.Collector{
		gauge("ordinary", func() int { ordinary, _ := gate.Taken(); return ordinary }),
		gauge("urgent", func() int { _, urgent := gate.Taken(); return urgent }),
	}
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
