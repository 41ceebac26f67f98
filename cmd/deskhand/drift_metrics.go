package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// driftMetrics shows what the last look for drift saw, the same on each replica.
type driftMetrics struct {
	alarm, effect, looked *prometheus.Desc

	clock  func() time.Time
	logger *slog.Logger
	store  *online.Store

	mu   sync.Mutex
	last evals.Drift
	read time.Time
}

func newDriftMetrics(registry *prometheus.Registry, s *system) {
	registry.MustRegister(&driftMetrics{
		alarm: prometheus.NewDesc("deskhand_drift_alarm",
			"1 while the last look saw that live traffic of a week differs from that of the four weeks before.", []string{"measure"}, nil),
		clock: s.app.clock,
		effect: prometheus.NewDesc("deskhand_drift_effect_ratio",
			"By how much: the difference of a rate, or the share of a mix or a distribution that moved.", []string{"measure"}, nil),
		logger: s.app.logger,
		looked: prometheus.NewDesc("deskhand_drift_looked_timestamp_seconds",
			"When somebody last looked for drift; 0 before the first time.", nil, nil),
		store: s.online(),
	})
}

// Describe implements prometheus.Collector.
func (m *driftMetrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- m.alarm
	descs <- m.effect
	descs <- m.looked
}

// Collect implements prometheus.Collector.
func (m *driftMetrics) Collect(metrics chan<- prometheus.Metric) {
	drift := m.load()
	findings := make(map[string]evals.DriftFinding)
	for _, finding := range drift.Findings {
		findings[finding.Measure] = finding
	}
	for _, measure := range evals.DriftMeasures() { // also before the first look: an alert must see a figure grow from 0
		finding := findings[measure]
		metrics <- prometheus.MustNewConstMetric(m.alarm, prometheus.GaugeValue, truth(finding.Alarm), measure)
		metrics <- prometheus.MustNewConstMetric(m.effect, prometheus.GaugeValue, finding.Effect, measure)
	}
	looked := 0.0
	if !drift.At.IsZero() {
		looked = float64(drift.At.Unix())
	}
	metrics <- prometheus.MustNewConstMetric(m.looked, prometheus.GaugeValue, looked)
}

// load returns what the last look saw, read again when that was long ago; without a database, what was read last.
func (m *driftMetrics) load() evals.Drift {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	if !m.read.IsZero() && now.Sub(m.read) < loadKept {
		return m.last
	}
	m.read = now
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	drift, _, err := m.store.LastDrift(ctx)
	if err != nil {
		m.logger.WarnContext(ctx, "drift not read", slog.Any("error", err))
		return m.last
	}
	m.last = drift
	return drift
}
