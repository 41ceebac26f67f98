package retrieval

import (
	"context"
	"fmt"
	"sync/atomic"
)

// OpenFunc opens the index of an embedding model, registered; false for a model that cannot be called from here.
type OpenFunc func(ctx context.Context, model ModelInfo) (index *Index, ok bool, err error)

// Desk is the knowledge base with whatever embedding model it searches by at the moment. A search that has begun ends with
// the model that it began with. It is safe for concurrent use.
type Desk struct {
	index atomic.Pointer[Index]
	open  OpenFunc
}

// NewDesk returns a Desk that begins with an index.
func NewDesk(index *Index, open OpenFunc) *Desk {
	d := &Desk{open: open}
	d.index.Store(index)
	return d
}

// Apply makes the newest version of an article live, with the model of the moment.
func (d *Desk) Apply(ctx context.Context, slug, locale string) (applied bool, err error) {
	return d.Index().Apply(ctx, slug, locale)
}

// Follow looks once whether the desk has switched to another embedding model, and if so takes that one from the next search on.
func (d *Desk) Follow(ctx context.Context) (switched bool, err error) {
	active, err := ActiveModel(ctx, d.Index().pool)
	if err != nil || active.Name == "" || active.Name == d.Index().Model() {
		return false, err
	}
	index, ok, err := d.open(ctx, active)
	if err != nil {
		return false, fmt.Errorf("follow to embedding model %s: %w", active.Name, err)
	}
	if ok {
		d.index.Store(index)
	}
	return ok, nil
}

// Index returns the index of the moment.
func (d *Desk) Index() *Index { return d.index.Load() }

// Search finds the articles that answer a question, with the model of the moment.
func (d *Desk) Search(ctx context.Context, query Query) (Results, error) {
	return d.Index().Search(ctx, query)
}
