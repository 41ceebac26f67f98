package retrieval

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)

// codeStep is how many vectors are read at a time, and codeReaders how many such steps go on side by side: to read and turn 100,000 takes
// one of them 4 s.
const (
	codeStep    = 1_000
	codeReaders = 4
)

// codes are those of one model, in memory: 264 bytes a passage. A passage never changes its text and so keeps its vector, which is why
// only the codes of new places are read. It is safe for concurrent use.
type codes struct {
	now      atomic.Pointer[coded]
	readings singleflight.Group
	rotation *rotation
}

func newCodes(dimensions int) *codes { return &codes{rotation: newRotation(dimensions)} }

// coded are the codes of the places of a store, up to one of them.
type coded struct {
	heads []head // by place; only ever appended to
	// lack are the places that had no vector at a version of the knowledge base.
	lack    []uint32
	of      *store
	tails   []tail // as heads
	version int64
}

// covers reports whether there is nothing to read for a view: a vector that is made later raises the version.
func (c *coded) covers(v *view) bool {
	return c != nil && c.of == v.store && len(c.heads) >= len(v.passages) && (len(c.lack) == 0 || c.version >= v.version)
}

// of returns the codes of a view, and reads those that are new. Searches that wait for the same share it; who leaves does not end it for
// the others.
func (c *codes) of(ctx context.Context, s search) (*coded, error) {
	v := s.view
	for {
		if now := c.now.Load(); now.covers(v) {
			return now, nil
		}
		own := false
		reading := c.readings.DoChan("", func() (any, error) {
			own = true
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewalTimeout)
			defer cancel()
			return nil, c.read(ctx, s)
		})
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("read vectors: %w", ctx.Err())
		case landed := <-reading:
			if landed.Err != nil && (own || ctx.Err() != nil) {
				return nil, fmt.Errorf("read vectors: %w", landed.Err)
			}
		}
	}
}

// read brings the codes up to the view of a search.
func (c *codes) read(ctx context.Context, s search) error {
	before := c.now.Load()
	if before == nil || before.of != s.view.store {
		before = &coded{of: s.view.store}
	}
	next := &coded{heads: before.heads, of: before.of, tails: before.tails, version: s.view.version}
	var wanted []uint32
	for _, place := range before.lack {
		if int(place) < len(s.view.passages) {
			wanted = append(wanted, place)
		} else {
			next.lack = append(next.lack, place)
		}
	}
	if len(wanted) > 0 {
		next.heads, next.tails = slices.Clone(next.heads), slices.Clone(next.tails) // searches read those that are there
	}
	for place := len(next.heads); place < len(s.view.passages); place++ {
		wanted = append(wanted, uint32(place)) //nolint:gosec // within maxMirrored
	}
	next.heads, next.tails = lengthened(next.heads, len(s.view.passages)), lengthened(next.tails, len(s.view.passages))
	steps, ctx := errgroup.WithContext(ctx)
	steps.SetLimit(codeReaders)
	for places := range slices.Chunk(wanted, codeStep) {
		steps.Go(func() error { return c.readStep(ctx, s, places, next) })
	}
	if err := steps.Wait(); err != nil {
		return err
	}
	for _, place := range wanted {
		if s.view.alive[place] && next.tails[place].scale == 0 {
			next.lack = append(next.lack, place)
		}
	}
	c.now.Store(next)
	return nil
}

// readStep makes the codes of some places.
func (c *codes) readStep(ctx context.Context, s search, places []uint32, next *coded) error {
	const vectors = `SELECT passage_id, embedding FROM embeddings WHERE model_id = @model AND passage_id = ANY(@ids)`
	ids, placeOf := make([]int64, len(places)), make(map[int64]uint32, len(places))
	for i, place := range places {
		ids[i] = s.view.passages[place].id
		placeOf[ids[i]] = place
	}
	rows, err := s.pool.Query(ctx, vectors, pgx.NamedArgs{"ids": ids, "model": s.modelID})
	if err != nil {
		return err
	}
	var id int64
	var vector pgvector.HalfVector
	_, err = pgx.ForEachRow(rows, []any{&id, &vector}, func() error {
		place := placeOf[id]
		next.heads[place], next.tails[place] = c.rotation.codeOf(vector.Slice())
		return nil
	})
	return err
}

// lengthened returns a list of at least n, with nothing in what is new.
func lengthened[T any](list []T, n int) []T {
	if n <= len(list) {
		return list
	}
	long := slices.Grow(list, n-len(list))[:n]
	clear(long[len(list):])
	return long
}
