package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// overview is what is known before the candidates are looked for.
type overview struct {
	locales map[string]statistics
	version int64
}

// in returns the statistics of a language; a language that has come meanwhile has none yet.
func (o overview) in(locale string) statistics {
	if s, ok := o.locales[locale]; ok {
		return s
	}
	return statistics{meanLength: referenceLength}
}

// share is the part of all passages that are in a language.
func (o overview) share(locale string) float64 {
	return o.in(locale).passages / max(o.passages(), 1)
}

// passages counts those of all languages.
func (o overview) passages() float64 {
	all := 0.0
	for _, s := range o.locales {
		all += s.passages
	}
	return all
}

// together returns the statistics of all languages as if they were one.
func (o overview) together() statistics {
	all := statistics{meanLength: referenceLength, with: make(map[int32]float64)}
	for _, s := range o.locales {
		all.passages += s.passages
		for term, passages := range s.with {
			all.with[term] += passages
		}
	}
	return all
}

// statisticsCache keeps term statistics of one version of the knowledge base: people ask in the same words.
type statisticsCache struct {
	mu      sync.Mutex
	known   map[int32]bool // the terms that were asked for, whether or not a passage has them
	locales map[string]statistics
	version int64
}

// cachedTerms bounds the terms whose statistics are kept, at some 100 bytes a language.
const cachedTerms = 20_000

// get returns the statistics of terms, if all of them were asked for before.
func (c *statisticsCache) get(terms queryTerms) (o overview, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		return overview{}, false
	}
	for id := range terms.counts {
		if !c.known[id] {
			return overview{}, false
		}
	}
	o = overview{locales: make(map[string]statistics, len(c.locales)), version: c.version}
	for locale, s := range c.locales {
		own := statistics{meanLength: s.meanLength, passages: s.passages, with: make(map[int32]float64, len(terms.counts))}
		for id := range terms.counts {
			if n := s.with[id]; n > 0 {
				own.with[id] = n
			}
		}
		o.locales[locale] = own
	}
	return o, true
}

// add keeps what was read of terms. Another version than before begins anew.
func (c *statisticsCache) add(terms queryTerms, o overview) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.version != o.version || len(c.known) > cachedTerms {
		c.known, c.locales, c.version = make(map[int32]bool), make(map[string]statistics, len(o.locales)), o.version
		for locale, s := range o.locales {
			c.locales[locale] = statistics{meanLength: s.meanLength, passages: s.passages, with: make(map[int32]float64)}
		}
	}
	for id := range terms.counts {
		c.known[id] = true
		for locale, s := range o.locales {
			if n := s.with[id]; n > 0 {
				c.locales[locale].with[id] = n
			}
		}
	}
}

// searchTries is how often a search begins anew because the knowledge base changed on the way. The last one keeps what it has: its
// statistics are those of a moment before its passages, which moves scores by a hair.
const searchTries = 3

// findTogether finds the candidates of a search and the term statistics of the same version of the knowledge base. Where passages and
// statistics are known, that is one round trip.
func (x *Index) findTogether(ctx context.Context, s search) ([]*candidate, overview, error) {
	o, ok := x.statistics.get(s.terms)
	for try := 1; ; try++ {
		if !ok {
			var err error
			if o, err = readOverview(ctx, s.pool, s.terms); err != nil {
				return nil, overview{}, err
			}
			x.statistics.add(s.terms, o)
		}
		s.overview = o
		found, err := x.findCandidates(ctx, s)
		if err != nil {
			return nil, overview{}, err
		}
		version, err := s.versionOf(ctx, found)
		if err != nil {
			return nil, overview{}, err
		}
		if ok = version == o.version; !ok && try < searchTries {
			continue
		}
		rows, same, err := x.passages(ctx, s.pool, found)
		if err != nil {
			return nil, overview{}, err
		}
		if same || try == searchTries {
			return s.candidates(found, rows), o, nil
		}
		ok = false
	}
}

// versionOf is the version of the knowledge base that passages were found in.
func (s search) versionOf(ctx context.Context, found []foundRow) (int64, error) {
	if len(found) > 0 {
		return found[0].KBVersion, nil
	}
	return versionIn(ctx, s.pool)
}

// candidates are the passages that were found, by their ids, so that equal searches add up equal scores in equal order. One that is
// gone meanwhile is left out.
func (s search) candidates(found []foundRow, rows map[int64]*candidateRow) []*candidate {
	slices.SortFunc(found, func(a, b foundRow) int { return cmp.Compare(a.PassageID, b.PassageID) })
	weighed := make(map[string]weighedTerms)
	candidates := make([]*candidate, 0, len(found))
	for _, f := range found {
		row := rows[f.PassageID]
		if row == nil {
			continue
		}
		terms, ok := weighed[row.Locale]
		if !ok {
			terms = s.terms.weighed(s.overview.in(row.Locale))
			weighed[row.Locale] = terms
		}
		c := terms.candidate(row)
		c.language, c.similarity = matchLanguage(s.query.Locale, row.Locale), f.Similarity
		c.about(s.query.Intents)
		candidates = append(candidates, c)
	}
	return candidates
}

// readOverview reads the version and the term statistics in one round trip. The version comes first: should an import
// commit in between, they are kept under the older version, which the next search finds to be gone.
func readOverview(ctx context.Context, pool *pgxpool.Pool, terms queryTerms) (overview, error) {
	// An import with several writers counts apart until it ends.
	const localeCounts = `
		SELECT locale, sum(passages)::float8, sum(length)::float8
		FROM (
			SELECT locale, passages, length FROM locale_statistics
			UNION ALL SELECT locale, passages, length FROM locale_statistics_added
		) s
		GROUP BY locale HAVING sum(passages) > 0`
	const termCounts = `
		SELECT locale, term_id, sum(passages)::float8
		FROM (
			SELECT locale, term_id, passages FROM term_statistics WHERE term_id = ANY(@terms)
			UNION ALL SELECT locale, term_id, passages FROM term_statistics_added WHERE term_id = ANY(@terms)
		) s
		GROUP BY locale, term_id`
	o := overview{locales: make(map[string]statistics)}
	batch := &pgx.Batch{}
	batch.Queue(`SELECT version FROM kb_version`).QueryRow(func(row pgx.Row) error { return row.Scan(&o.version) })
	batch.Queue(localeCounts).Query(func(rows pgx.Rows) error {
		var locale string
		var passages, length float64
		_, err := pgx.ForEachRow(rows, []any{&locale, &passages, &length}, func() error {
			o.locales[locale] = statistics{meanLength: max(length, 1) / passages, passages: passages, with: make(map[int32]float64)}
			return nil
		})
		return err
	})
	batch.Queue(termCounts, pgx.NamedArgs{"terms": terms.ids()}).
		Query(func(rows pgx.Rows) error {
			var locale string
			var term int32
			var passages float64
			_, err := pgx.ForEachRow(rows, []any{&locale, &term, &passages}, func() error {
				if s, ok := o.locales[locale]; ok {
					s.with[term] = passages
				}
				return nil
			})
			return err
		})
	if err := pool.SendBatch(ctx, batch).Close(); err != nil {
		return overview{}, fmt.Errorf("read term statistics: %w", err)
	}
	return o, nil
}
