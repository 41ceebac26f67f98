package retrieval

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// replicaLook is how often a replica is asked for its version: after an article changed, searches go to the primary for
	// that long, and for as long as the replica lags.
	replicaLook = 250 * time.Millisecond
	// replicaTimeout is how long a replica may take before the primary is asked instead: ten times what a search takes.
	replicaTimeout = 2 * time.Second
)

// Replicas are read-only copies of the database, which follow it with a lag. A search goes to one of them only when it is known to
// have the version of the knowledge base that the primary has at that moment: nobody sees an article as it was before what they, or
// their conversation, have seen already. Versions only rise, so what a replica once had it has still. A nil Replicas has none. It is safe
// for concurrent use.
type Replicas struct {
	list []*replica
	next atomic.Uint64 // whose turn it is

	answered, behind, failed atomic.Uint64
}

// replica is one copy.
type replica struct {
	pool *pgxpool.Pool
	// version of the knowledge base that it had when it was last looked at; 0 while it cannot be asked.
	version atomic.Int64
}

// source is a copy of the database to search in.
type source struct {
	// patience is how long it may take, apart from the embedding model; 0 for as long as the search may.
	patience time.Duration
	pool     *pgxpool.Pool
}

// bound is the context of what the copy is asked.
func (s source) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.patience == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.patience)
}

// NewReplicas returns replicas that nothing is known of yet: none is asked before Follow has looked at it.
func NewReplicas(pools ...*pgxpool.Pool) *Replicas {
	r := &Replicas{}
	for _, pool := range pools {
		r.list = append(r.list, &replica{pool: pool})
	}
	return r
}

// ReplicaCounts is how many searches, since the start, could have gone to a replica, and where they went.
type ReplicaCounts struct {
	// Answered were answered by a replica. Behind went to the primary because no replica had its version, Failed because
	// one could not answer.
	Answered uint64
	Behind   uint64
	Failed   uint64
}

// Counts returns the counts.
func (r *Replicas) Counts() ReplicaCounts {
	if r == nil {
		return ReplicaCounts{}
	}
	return ReplicaCounts{Answered: r.answered.Load(), Behind: r.behind.Load(), Failed: r.failed.Load()}
}

// Follow looks at each replica again and again until ctx ends.
func (r *Replicas) Follow(ctx context.Context) {
	if r == nil {
		return
	}
	var all sync.WaitGroup
	for _, one := range r.list {
		all.Go(func() {
			ticker := time.NewTicker(replicaLook)
			defer ticker.Stop()
			for {
				one.look(ctx)
				select {
				case <-ctx.Done():
					return
				case <-ticker.C:
				}
			}
		})
	}
	all.Wait()
}

// look asks a replica for its version. One that does not answer is not asked until it does.
func (r *replica) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	version, err := versionIn(ctx, r.pool)
	if err != nil {
		version = 0
	}
	r.version.Store(version)
}

// having returns a replica that has a version of the knowledge base, each in its turn; nil when none has.
func (r *Replicas) having(version int64) *replica {
	if r == nil || len(r.list) == 0 {
		return nil
	}
	first := r.next.Add(1)
	for i := range uint64(len(r.list)) {
		if one := r.list[(first+i)%uint64(len(r.list))]; one.version.Load() >= version {
			return one
		}
	}
	r.behind.Add(1)
	return nil
}

// searchSince is Search on the knowledge base as it was at a version, or later: on a replica where one has it.
func (x *Index) searchSince(ctx context.Context, query Query, version int64) (Results, error) {
	replica := x.replicas.having(version)
	if replica == nil {
		return x.Search(ctx, query)
	}
	results, err := x.searchIn(ctx, source{patience: replicaTimeout, pool: replica.pool}, query)
	switch {
	case err == nil && results.KBVersion >= version:
		x.replicas.answered.Add(1)
		return results, nil
	case ctx.Err() != nil:
		return Results{}, err
	}
	// It is gone, cancelled the query to catch up, or was made anew from an older copy.
	replica.version.Store(0)
	x.replicas.failed.Add(1)
	return x.Search(ctx, query)
}
