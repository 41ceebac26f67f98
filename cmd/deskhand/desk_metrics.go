package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/triage"
)

const (
	// loadKept is how long figures of the desk are served again: /metrics needs no key, and nobody may load the database through it.
	loadKept = 10 * time.Second
	// loadTimeout is less than a scraper waits.
	loadTimeout = 3 * time.Second
	// abandonedAfter is how late a rescue may be before its question counts as abandoned: one runs some seconds after the deadline.
	abandonedAfter = time.Minute
)

// deskMetrics shows what waits at the desk and whether the database answers. Figures of the whole desk are the same on each
// replica; without a database, there are none.
type deskMetrics struct {
	clock  func() time.Time
	logger *slog.Logger
	stale  func() bool // whether the confidence was fitted for something else
	store  *postgres.Store

	abandoned, age, autoReply, jobAge, jobs, late, open, staleFit, tickets, up *prometheus.Desc

	mu   sync.Mutex
	err  error
	last postgres.Load
	read time.Time
}

// newDeskMetrics registers the figures of a system that is open.
func newDeskMetrics(registry *prometheus.Registry, s *system, pipeline *assistant.Assistant) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	registry.MustRegister(&deskMetrics{
		clock: s.app.clock, logger: s.app.logger, store: s.store,
		stale: func() bool { return len(pipeline.StaleFit(s.desk.Index().Model())) > 0 },

		abandoned: desc("deskhand_runs_abandoned",
			"Questions without an end a minute after their deadline, although a job should have rescued them."),
		age: desc("deskhand_tickets_oldest_age_seconds",
			"Time since the oldest of these tickets was opened; 0 without one.", "status", "priority"),
		autoReply: desc("deskhand_auto_reply_enabled", "1 while automatic answers are on, 0 after the kill switch was thrown."),
		jobAge: desc("deskhand_jobs_oldest_wait_seconds",
			"How long the first job of a queue that could run has waited; 0 without one.", "queue"),
		jobs: desc("deskhand_jobs", "Background jobs that are not done; discarded ones failed for good.", "queue", "state"),
		late: desc("deskhand_tickets_late", "Unresolved tickets of which a promise is broken.", "promise", "priority"),
		open: desc("deskhand_runs_open", "Questions that are being worked on, on all replicas."),
		staleFit: desc("deskhand_confidence_stale",
			"1 while the confidence was fitted for another model, prompt or taxonomy than are in use."),
		tickets: desc("deskhand_tickets", "Tickets that are not resolved.", "status", "priority"),
		up:      desc("deskhand_database_up", "1 while the database answers."),
	})
	registry.MustRegister(poolMetrics(s)...)
}

// poolMetrics shows this replica's connections.
func poolMetrics(s *system) []prometheus.Collector {
	gauge := func(state string, count func() int32) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "deskhand_database_connections", Help: "Connections of this replica to the database; max is how many it may have.",
			ConstLabels: prometheus.Labels{"state": state},
		}, func() float64 { return float64(count()) })
	}
	return []prometheus.Collector{
		gauge("idle", func() int32 { return s.pool.Stat().IdleConns() }),
		gauge("max", func() int32 { return s.pool.Stat().MaxConns() }),
		gauge("used", func() int32 { return s.pool.Stat().AcquiredConns() }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "deskhand_database_wait_seconds_total", Help: "Time that work has waited for a connection.",
		}, func() float64 { return s.pool.Stat().EmptyAcquireWaitTime().Seconds() }),
	}
}

// Describe implements prometheus.Collector.
func (m *deskMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		m.abandoned, m.age, m.autoReply, m.jobAge, m.jobs, m.late, m.open, m.staleFit, m.tickets, m.up,
	} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *deskMetrics) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(m.staleFit, truth(m.stale()))
	load, err := m.load()
	gauge(m.up, truth(err == nil))
	if err != nil {
		return
	}
	gauge(m.abandoned, float64(load.AbandonedRuns))
	gauge(m.autoReply, truth(load.Policy.AutoReply))
	gauge(m.open, float64(load.OpenRuns))
	m.collectTickets(load.Tickets, gauge)
	m.collectJobs(load.Jobs, gauge)
}

// collectTickets shows every status and priority: an alert must see a figure return to 0.
func (m *deskMetrics) collectTickets(found []postgres.TicketLoad, gauge func(*prometheus.Desc, float64, ...string)) {
	type place struct{ status, priority string }
	loads := make(map[place]postgres.TicketLoad)
	for _, load := range found {
		loads[place{load.Status, load.Priority}] = load
	}
	for _, p := range []triage.Priority{triage.P1, triage.P2, triage.P3, triage.P4} {
		priority := string(p)
		lateReplies, lateResolutions := 0, 0
		for _, s := range []assistant.TicketStatus{
			assistant.TicketOpen, assistant.TicketClaimed, assistant.TicketWaiting, assistant.TicketOnHold,
		} {
			load := loads[place{string(s), priority}]
			gauge(m.tickets, float64(load.Count), string(s), priority)
			gauge(m.age, load.OldestAge, string(s), priority)
			lateReplies += load.LateReply
			lateResolutions += load.LateResolution
		}
		gauge(m.late, float64(lateReplies), "response", priority)
		gauge(m.late, float64(lateResolutions), "resolution", priority)
	}
}

func (m *deskMetrics) collectJobs(found []postgres.JobLoad, gauge func(*prometheus.Desc, float64, ...string)) {
	type place struct{ queue, state string }
	loads := make(map[place]postgres.JobLoad)
	for _, load := range found {
		loads[place{load.Queue, load.State}] = load
	}
	for _, queue := range jobs.Queues() {
		for _, state := range []string{"available", "discarded", "retryable", "running", "scheduled"} {
			gauge(m.jobs, float64(loads[place{queue, state}].Count), queue, state)
		}
		gauge(m.jobAge, loads[place{queue, "available"}].OldestWait, queue)
	}
}

// load returns the figures, read again when they are old. Scrapes that come meanwhile wait for it.
func (m *deskMetrics) load() (postgres.Load, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	if !m.read.IsZero() && now.Sub(m.read) < loadKept {
		return m.last, m.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	m.last, m.err = m.store.Load(ctx, abandonedAfter)
	m.read = now
	if m.err != nil {
		m.logger.WarnContext(ctx, "desk not counted", slog.Any("error", m.err))
	}
	return m.last, m.err
}

func truth(is bool) float64 { //nolint:revive // a figure of what is
	if is {
		return 1
	}
	return 0
}
