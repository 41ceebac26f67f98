package retrieval

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
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

// statisticsCache keeps term statistics of one version of the knowledge base: people ask in the same words.
type statisticsCache struct {
	mu      sync.Mutex
	known   map[int32]bool // the terms that were asked for, whether or not a passage has them
	locales map[string]statistics
	version int64
}

// cachedTerms bounds the terms whose statistics are kept, at some 100 bytes a language.
const cachedTerms = 20_000

// of returns what a version knows of terms.
func (c *statisticsCache) of(v *view, terms queryTerms) overview {
	if o, ok := c.get(v.version, terms); ok {
		return o
	}
	o := v.overview(terms)
	c.add(terms, o)
	return o
}

// get returns the statistics of terms, if all of them were asked for before.
func (c *statisticsCache) get(version int64, terms queryTerms) (o overview, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.version != version {
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

// findTogether finds the candidates of a search, the best first, with texts and term statistics of the same version of the knowledge base.
// Where that is known, it takes two round trips.
func (x *Index) findTogether(ctx context.Context, s search) ([]*candidate, overview, error) {
	var wanted int64
	for try := 1; ; try++ {
		view, err := x.mirror.renew(ctx, s.pool, wanted)
		if err != nil {
			return nil, overview{}, err
		}
		s.view, s.overview = view, x.statistics.of(view, s.terms)
		candidates, version, err := x.findCandidates(ctx, s)
		if err != nil {
			return nil, overview{}, err
		}
		if version != view.version && try < searchTries {
			wanted = version
			continue
		}
		candidates, same, err := x.order(ctx, s, version, candidates)
		if err != nil {
			return nil, overview{}, err
		}
		if same || try == searchTries {
			// A copy of the database may be older than what another has told.
			s.overview.version = min(version, view.version)
			return candidates, s.overview, nil
		}
		wanted = version + 1
	}
}

// order sorts candidates, the best first, and reads the texts of those that the second stage looks at and of those that become hits. It
// reports whether all texts are of the version.
func (x *Index) order(ctx context.Context, s search, version int64, candidates []*candidate) (ordered []*candidate, same bool, err error) {
	fuse(candidates)
	same = true
	if x.second != nil {
		looked := candidates[:min(len(candidates), secondDepth)]
		if candidates, same, err = x.readTexts(ctx, s, version, candidates, looked); err != nil {
			return nil, false, err
		}
	}
	x.second.look(s.query.Text, candidates)
	for { // one that is gone lets another article in
		unread := unreadOf(candidates, s.query.Limit)
		if len(unread) == 0 {
			return candidates, same, nil
		}
		var now bool
		if candidates, now, err = x.readTexts(ctx, s, version, candidates, unread); err != nil {
			return nil, false, err
		}
		same = same && now
	}
}

// unreadOf are the candidates without a text of the first articles, in whatever language. Candidates are sorted.
func unreadOf(candidates []*candidate, articles int) []*candidate {
	var unread []*candidate
	first := make(map[string]bool)
	for _, c := range candidates {
		if len(first) < articles {
			first[c.row.Slug] = true
		}
		if first[c.row.Slug] && !c.read {
			unread = append(unread, c)
		}
	}
	return unread
}

// readTexts gives some of the candidates their texts. One that is gone meanwhile, or may not be seen any more, is left out.
func (x *Index) readTexts(
	ctx context.Context, s search, version int64, candidates, wanted []*candidate,
) (left []*candidate, same bool, err error) {
	ids := make([]int64, len(wanted))
	for i, c := range wanted {
		ids[i] = c.row.PassageID
	}
	rows, same, err := x.passages(ctx, s.pool, version, ids)
	if err != nil {
		return nil, false, err
	}
	sight, gone := s.query.sight(), make(map[*candidate]bool)
	for _, c := range wanted {
		if row := rows[c.row.PassageID]; row != nil && row.seen(sight) {
			c.row, c.read = row, true
		} else {
			gone[c] = true
		}
	}
	return slices.DeleteFunc(candidates, func(c *candidate) bool { return gone[c] }), same, nil
}

// candidates are the passages that were found, with their scores by words, by their ids, so that equal searches add up equal scores in
// equal order.
func (s search) candidates(similarities map[uint32]float64, lists []weighedList) []*candidate {
	places := slices.Sorted(maps.Keys(similarities))
	candidates, terms := make([]*candidate, len(places)), make([]weighedTerms, len(s.view.names))
	for i, name := range s.view.names {
		terms[i] = weighedTerms{asked: s.terms, statistics: s.overview.in(name)}
	}
	for i, place := range places {
		p := s.view.passages[place]
		a := s.view.articles[p.article]
		row := &candidateRow{
			ArticleID: a.id, Intents: a.intents, Locale: s.view.names[p.locale], Ordinal: int(s.view.ordinal(place)), PassageID: p.id,
			Slug: a.slug,
		}
		candidates[i] = &candidate{
			language: matchLanguage(s.query.Locale, row.Locale), row: row, similarity: similarities[place], terms: &terms[p.locale],
		}
		candidates[i].about(s.query.Intents)
	}
	for _, l := range lists {
		eachCommon(places, l.list, func(i int, frequency float64) {
			p, c := s.view.passages[places[i]], candidates[i]
			c.has = append(c.has, l.term)
			c.bm25 += l.weights[p.locale] * saturated(frequency, float64(p.length), c.terms.statistics.meanLength)
		})
	}
	slices.SortFunc(candidates, func(a, b *candidate) int { return cmp.Compare(a.row.PassageID, b.row.PassageID) })
	return candidates
}
