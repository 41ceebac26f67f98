package retrieval

import (
	"context"
	"fmt"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cachedPassages bounds the passages that are kept, at some 1.5 kB each, 12 MB together: all of a desk with 1,400 articles, or what people
// ask about of a larger one.
const cachedPassages = 8192

// passageCache keeps what passages say in one version of the knowledge base.
type passageCache struct {
	mu      sync.Mutex
	rows    *lru.Cache[int64, *candidateRow]
	version int64
}

func newPassageCache() (*passageCache, error) {
	rows, err := lru.New[int64, *candidateRow](cachedPassages)
	if err != nil {
		return nil, fmt.Errorf("make cache of passages: %w", err)
	}
	return &passageCache{rows: rows}, nil
}

// get returns the passages that are known of a version, and which are not.
func (c *passageCache) get(version int64, ids []int64) (known map[int64]*candidateRow, unknown []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known = make(map[int64]*candidateRow, len(ids))
	if c.version != version {
		return known, ids
	}
	for _, id := range ids {
		if row, ok := c.rows.Get(id); ok {
			known[id] = row
		} else {
			unknown = append(unknown, id)
		}
	}
	return known, unknown
}

// add keeps what was read of passages. A later version than before begins anew.
func (c *passageCache) add(version int64, rows []*candidateRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version < c.version {
		return
	}
	if version > c.version {
		c.rows.Purge()
		c.version = version
	}
	for _, row := range rows {
		c.rows.Add(row.PassageID, row)
	}
}

// passages returns what is known, or now read, of passages, and whether that is of a version.
func (x *Index) passages(
	ctx context.Context, pool *pgxpool.Pool, version int64, ids []int64,
) (rows map[int64]*candidateRow, same bool, err error) {
	if len(ids) == 0 {
		return nil, true, nil
	}
	rows, unknown := x.known.get(version, ids)
	if len(unknown) == 0 {
		return rows, true, nil
	}
	read, err := readPassages(ctx, pool, unknown)
	if err != nil {
		return nil, false, err
	}
	for _, row := range read {
		rows[row.PassageID] = row
	}
	if len(read) < len(unknown) || read[0].KBVersion != version {
		return rows, false, nil
	}
	x.known.add(version, read)
	return rows, true, nil
}

func readPassages(ctx context.Context, pool *pgxpool.Pool, ids []int64) ([]*candidateRow, error) {
	const query = `
		SELECT p.id AS passage_id, p.article_id, p.locale, p.ordinal, p.heading_path, p.body, p.token_count,
			a.slug, a.title, a.category, a.intents, a.audience, a.review_by, a.jurisdictions, a.version,
			(SELECT version FROM kb_version) AS kb_version
		FROM passages p
		JOIN articles a ON a.id = p.article_id
		WHERE p.id = ANY(@ids)`
	rows, err := pool.Query(ctx, query, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	read, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[candidateRow])
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	return read, nil
}
