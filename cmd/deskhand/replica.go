package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/retrieval"
)

// replicaURLs are the addresses of the database's copies. The error holds none of them: they may have passwords.
func (c config) replicaURLs() ([]string, error) {
	urls := strings.Fields(c.ReplicaURLs)
	for i, url := range urls {
		if _, err := pgxpool.ParseConfig(url); err != nil || !strings.Contains(url, "://") {
			return nil, fmt.Errorf("%w: --database-replica-urls: number %d is no URL like postgres://user@host/database", errConfig, i+1)
		}
	}
	return urls, nil
}

// openReplicas opens the copies without connecting to them: one that is away is left out until it is there. It returns nil
// where there are none.
func openReplicas(ctx context.Context, c config) (replicas *retrieval.Replicas, shut func(), err error) {
	urls, err := c.replicaURLs()
	if err != nil || len(urls) == 0 {
		return nil, func() {}, err
	}
	var pools []*pgxpool.Pool
	shut = func() {
		for _, pool := range pools {
			pool.Close()
		}
	}
	for i, url := range urls {
		pool, err := postgres.Open(ctx, url)
		if err != nil {
			shut()
			return nil, nil, fmt.Errorf("open copy %d of the database: %w", i+1, err)
		}
		pools = append(pools, pool)
	}
	return retrieval.NewReplicas(pools...), shut, nil
}

// countReplicas shows where searches went that could have gone to a copy of the database.
func countReplicas(registry *prometheus.Registry, replicas *retrieval.Replicas) {
	for end, count := range map[string]func(retrieval.ReplicaCounts) uint64{
		"answered": func(c retrieval.ReplicaCounts) uint64 { return c.Answered },
		"behind":   func(c retrieval.ReplicaCounts) uint64 { return c.Behind },
		"failed":   func(c retrieval.ReplicaCounts) uint64 { return c.Failed },
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			ConstLabels: prometheus.Labels{"end": end},
			Help: "Searches with copies of the database: answered by one, or by the database itself because none had the newest articles " +
				"(behind) or one could not answer (failed).",
			Name: "deskhand_replica_searches_total",
		}, func() float64 { return float64(count(replicas.Counts())) }))
	}
}
