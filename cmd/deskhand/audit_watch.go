package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// chainInterval is how often a service proves its audit log: it reads all of it.
const chainInterval = 6 * time.Hour

// chainWatch proves the audit log now and then, so that a change of the past is found without anybody asking.
type chainWatch struct {
	faults   prometheus.Gauge
	verified prometheus.Gauge
}

func newChainWatch(registry *prometheus.Registry) chainWatch {
	w := chainWatch{
		faults: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deskhand_audit_chain_faults",
			Help: "Entries of the audit log that were changed, removed, added or moved, at the last look.",
		}),
		verified: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deskhand_audit_chain_verified_timestamp_seconds",
			Help: "When the whole audit log was last read; 0 before the first time.",
		}),
	}
	registry.MustRegister(w.faults, w.verified)
	return w
}

// run looks at the start and then every chainInterval, until ctx ends.
func (w chainWatch) run(ctx context.Context, s *system) {
	ticker := time.NewTicker(chainInterval)
	defer ticker.Stop()
	for {
		w.look(ctx, s)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w chainWatch) look(ctx context.Context, s *system) {
	chain, err := s.store.VerifyChain(ctx, nil, func(int64, int64) {})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		s.app.logger.WarnContext(ctx, "audit log not verified", slog.Any("error", err))
		return
	case len(chain.Faults) > 0:
		s.app.logger.ErrorContext(ctx, "audit log is broken: run deskhand audit verify", slog.Int("faults", len(chain.Faults)))
	}
	w.faults.Set(float64(len(chain.Faults)))
	w.verified.Set(float64(s.app.clock().Unix()))
}
