package retrieval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// What the cache holds.
const (
	// resultsCached bounds the results that are kept: some 15 kB each, 8 MB together. People ask the same things.
	resultsCached = 512
	// cachedLimit is the longest result that is kept. Longer ones are an agent's browsing, seldom asked twice.
	cachedLimit = 10
	// sharedTimeout bounds a search whose first caller sets no deadline, as other callers may wait for it.
	sharedTimeout = 15 * time.Second
)

// CacheCounts is how many searches a Desk answered, and by what.
type CacheCounts struct {
	// Hits were answered by results that were kept, Shared by the search of another caller at the same time.
	Hits   uint64
	Misses uint64
	Shared uint64
}

// resultCache keeps results of equal queries, in memory. Its keys hold the version of the knowledge base, the model and the
// rules, so a change of one leaves what was kept behind, to be pushed out.
type resultCache struct {
	flights singleflight.Group
	results *lru.Cache[string, Results]

	hits, misses, shared atomic.Uint64
}

func newResultCache() *resultCache {
	results, err := lru.New[string, Results](resultsCached)
	if err != nil {
		panic("retrieval: a cache of a constant size: " + err.Error())
	}
	return &resultCache{results: results}
}

// flight is how a search that others may wait for ended.
type flight struct {
	panicked any
	results  Results
}

// search answers from what is kept, from the search of another caller, or by a search of its own.
func (c *resultCache) search(ctx context.Context, x *Index, query Query) (Results, error) {
	version, err := x.Version(ctx)
	if err != nil {
		return Results{}, fmt.Errorf("search: %w", err)
	}
	query = query.normalised()
	key := x.cacheKey(query)
	if results, ok := c.results.Get(versioned(key, version)); ok {
		c.hits.Add(1)
		return results.own(), nil
	}
	shared := true
	flights := c.flights.DoChan(versioned(key, version), func() (value any, err error) {
		// A panic belongs to those who asked: here it would end the program.
		defer func() {
			if panicked := recover(); panicked != nil {
				value, err = flight{panicked: panicked}, nil
			}
		}()
		shared = false
		ctx, cancel := sharedContext(ctx)
		defer cancel()
		results, err := x.searchSince(ctx, query, version)
		if err == nil && results.Degraded == nil && query.Limit <= cachedLimit {
			// Under the version that was searched: it may have risen since.
			c.results.Add(versioned(key, results.KBVersion), results)
		}
		return flight{results: results}, err
	})
	select {
	case <-ctx.Done():
		return Results{}, fmt.Errorf("search: %w", ctx.Err())
	case landed := <-flights:
		if shared {
			c.shared.Add(1)
		} else {
			c.misses.Add(1)
		}
		if shared && ctx.Err() == nil && errors.Is(landed.Err, context.DeadlineExceeded) {
			return x.Search(ctx, query) // the first caller had less time
		}
		if landed.Err != nil {
			return Results{}, landed.Err
		}
		return landedResults(landed.Val)
	}
}

// landedResults are those of a flight. A panic on the way goes on in who asked.
func landedResults(landed any) (Results, error) {
	ended, ok := landed.(flight)
	if !ok {
		return Results{}, errors.New("search: no results")
	}
	if ended.panicked != nil {
		panic(ended.panicked)
	}
	return ended.results.own(), nil
}

// sharedContext is that of a search which does not end when its first caller leaves. It keeps the caller's deadline: what
// calls a model takes its share of that.
func sharedContext(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	ctx = context.WithoutCancel(ctx)
	if !ok {
		return context.WithTimeout(ctx, sharedTimeout)
	}
	return context.WithDeadline(ctx, deadline)
}

func versioned(key string, version int64) string { return fmt.Sprintf("%d\x00%s", version, key) }

// cacheKey is all that a query's results depend on beside the version of the knowledge base. The query is normalised.
func (x *Index) cacheKey(q Query) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%s\x00%s\x00%s\x00%d\x00%d\x00%s\x00", x.model.Name, x.rules, q.Audience, q.Jurisdiction, q.Locale,
		q.Limit, q.Wording, time.Time(q.today()).Format(time.DateOnly))
	for _, likely := range q.Intents {
		fmt.Fprintf(&b, "%s=%v\x00", likely.Intent, likely.Probability)
	}
	b.WriteString(q.Text)
	return b.String()
}

// own is the caller's copy: others read the same hits.
func (r Results) own() Results {
	r.Hits = slices.Clone(r.Hits)
	return r
}
