package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/deskhand/deskhand/retrieval"
)

// standbyInterval is how often a service looks whether articles have changed that the built-in embedder has no vectors of.
const standbyInterval = 30 * time.Second

// standby is the knowledge base with the built-in embedder, beside a provider's: it answers while the provider cannot be
// called. It needs no network, and its vectors cost no money. It is safe for concurrent use.
type standby struct {
	model   retrieval.EmbeddingModel
	desk    *retrieval.Desk
	index   atomic.Pointer[retrieval.Index]
	ready   atomic.Bool
	version int64 // of the knowledge base at the last look
}

// newStandby returns nil when the desk searches by the built-in embedder anyway.
func newStandby(s *system) (*standby, error) {
	model := s.opener.own
	if s.desk.Index().Model() == model.Name {
		return nil, nil //nolint:nilnil // a nil standby is never asked
	}
	index, err := s.desk.Index().WithModel(model)
	if err != nil {
		return nil, err
	}
	b := &standby{desk: s.desk, model: model}
	b.index.Store(index)
	return b, nil
}

// refresh makes the vectors that are missing.
func (b *standby) refresh(ctx context.Context) error {
	version, err := b.index.Load().Version(ctx)
	if err != nil || b.ready.Load() && version == b.version {
		return err
	}
	// Again with the desk's terms: they may be others.
	index, err := b.desk.Index().WithModel(b.model)
	if err != nil {
		return err
	}
	if err := index.StandBy(ctx); err != nil {
		return err
	}
	b.index.Store(index)
	b.version = version
	b.ready.Store(true)
	return nil
}

// keep refreshes until ctx ends.
func (b *standby) keep(ctx context.Context, logger *slog.Logger) {
	if b == nil {
		return
	}
	ticker := time.NewTicker(standbyInterval)
	defer ticker.Stop()
	for {
		if err := b.refresh(ctx); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "vectors of the built-in embedder not made", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// search asks the knowledge base by the desk's embedding model; when that model fails, by the built-in one; and when its
// vectors are not there either, by words only.
func (s *system) search(ctx context.Context, query retrieval.Query) (retrieval.Results, error) {
	results, err := s.desk.Search(ctx, query)
	if err != nil || results.Degraded == nil || s.standby == nil || !s.standby.ready.Load() {
		return results, err
	}
	instead, err := s.standby.index.Load().Search(ctx, query)
	if err != nil || instead.Degraded != nil {
		return results, nil //nolint:nilerr // there are results: by words
	}
	instead.Degraded = results.Degraded
	return instead, nil
}
