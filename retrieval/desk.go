package retrieval

import (
	"context"
	"fmt"
	"sync/atomic"
)

// OpenFunc opens the index of an embedding model, registered; false for a model that cannot be called from here.
type OpenFunc func(ctx context.Context, model ModelInfo) (index *Index, ok bool, err error)

// Desk is the knowledge base with the embedding model that it searches by and the terms that it knows at the moment. A
// search that has begun ends with those that it began with. It is safe for concurrent use.
type Desk struct {
	cache *resultCache
	index atomic.Pointer[Index]
	open  OpenFunc
}

// NewDesk returns a Desk that begins with an index.
func NewDesk(index *Index, open OpenFunc) *Desk {
	d := &Desk{cache: newResultCache(), open: open}
	d.index.Store(index)
	return d
}

// Apply makes the newest version of an article live, with the model of the moment.
func (d *Desk) Apply(ctx context.Context, slug, locale string) (applied bool, err error) {
	return d.Index().Apply(ctx, slug, locale)
}

// Follow looks once whether the desk has switched to another embedding model or has other terms, and if so takes those from
// the next search on.
func (d *Desk) Follow(ctx context.Context) (switched bool, err error) {
	now := d.Index()
	active, err := ActiveModel(ctx, now.pool)
	if err != nil {
		return false, err
	}
	version, err := termsVersion(ctx, now.pool)
	if err != nil {
		return false, err
	}
	if active.Name != "" && active.Name != now.Model() {
		if switched, err := d.reopen(ctx, active); switched || err != nil {
			return switched, err
		}
	}
	if version == now.termsVersion {
		return false, nil
	}
	return d.reopen(ctx, now.ModelInfo())
}

func (d *Desk) reopen(ctx context.Context, model ModelInfo) (switched bool, err error) {
	index, ok, err := d.open(ctx, model)
	if err != nil {
		return false, fmt.Errorf("follow to embedding model %s: %w", model.Name, err)
	}
	if now := d.Index(); ok {
		if index.pool == now.pool {
			index.mirror = now.mirror // words are the same whatever the model, and nobody searches with it yet
		}
		d.index.Store(index)
	}
	return ok, nil
}

// Index returns the index of the moment.
func (d *Desk) Index() *Index { return d.index.Load() }

// CacheCounts returns how many searches were answered by what, since the start.
func (d *Desk) CacheCounts() CacheCounts {
	return CacheCounts{Hits: d.cache.hits.Load(), Misses: d.cache.misses.Load(), Shared: d.cache.shared.Load()}
}

// Search finds the articles that answer a question, with the model of the moment, as Index.Search does. Equal questions are
// searched for once, as long as nothing has changed that a search might find.
func (d *Desk) Search(ctx context.Context, query Query) (Results, error) {
	return d.cache.search(ctx, d.Index(), query)
}
