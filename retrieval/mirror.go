package retrieval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/singleflight"
)

// Limits of the mirror.
const (
	// maxMirrored bounds the passages: a posting has 24 bits for one. At some 500 bytes a passage that is 8 GB.
	maxMirrored = 1 << 24
	// mostGone is the share of passages that are gone above which the mirror is made anew.
	mostGone = 0.5
	// renewalTimeout bounds the reading of all: it takes 2 s for 100,000 passages.
	renewalTimeout = time.Minute
	// mirrorStep is how many articles are read at a time.
	mirrorStep = 5_000
)

// errTooManyPassages is returned for a knowledge base that is larger than the mirror can hold.
var errTooManyPassages = errors.New("knowledge base has more than 16,777,216 passages")

// mirror is, in memory, what a search by words needs, and who may see what: everything of the published articles but texts and
// vectors. It takes 450 bytes a passage. Each version of the knowledge base is a view of it; a new version costs reading which articles
// have changed (1 ms for 1,000 of them) and what those have now. It is safe for concurrent use.
type mirror struct {
	now      atomic.Pointer[view]
	renewals singleflight.Group
}

// store is what views share. It only grows, so a view sees no more than it was made with.
type store struct {
	mu sync.RWMutex // for the headers: what they point to is not changed
	// articles in the order they came; a change is a new one.
	articles []mirroredArticle
	// byID, byIntent and bySlug are places of articles, or of a passage the latest.
	byID     map[int64]uint32
	byIntent map[string][]uint32
	bySlug   map[string][]uint32
	// locales are the languages by their numbers.
	locales []string
	// passages in the order they came, those of an article beside each other.
	passages []mirroredPassage
	// postings are by the terms' numbers, in ascending order.
	postings map[int32][]posting
}

// mirroredArticle is an article but its text.
type mirroredArticle struct {
	audience      Audience
	first, end    uint32 // its passages, in their order
	id            int64
	intents       []string
	jurisdictions []string
	locale        uint8
	reviewBy      time.Time // zero for one that does not go stale
	slug          string
}

// mirroredPassage is a passage but its text, its terms and its vector.
type mirroredPassage struct {
	article uint32
	before  uint32 // the place of the same passage before its article changed, nowhere when there is none
	id      int64
	length  uint16
	locale  uint8
}

// posting is a passage that has a term: its place, and in the last byte how often, 255 for more.
type posting uint32

const frequencyBits = 8

func newPosting(place uint32, frequency int16) posting {
	return posting(place<<frequencyBits | uint32(min(max(frequency, 0), 1<<frequencyBits-1)))
}

func (p posting) place() uint32 { return uint32(p) >> frequencyBits }

func (p posting) frequency() float64 { return float64(uint32(p) & (1<<frequencyBits - 1)) }

// view is the mirror at one version of the knowledge base. It does not change.
type view struct {
	*store

	alive []bool // passages, by their places
	// few are the places of the languages that have no more than exactPassages.
	few      map[string][]uint32
	articles []mirroredArticle
	gone     int
	// languages are the numbers of the passages' languages, by their places.
	languages []uint8
	living    []bool // articles, by their places
	locales   map[string]localeSize
	names     []string // of the languages, by their numbers
	passages  []mirroredPassage
	stamps    map[int64]stamp // by the articles' ids
	version   int64
}

// localeSize is how many passages a language has, and how many terms those have together.
type localeSize struct {
	length   float64
	passages float64
}

// nowhere is the place of an article without passages.
const nowhere = math.MaxUint32

// stamp tells one state of an article from another: xmin is the transaction that wrote the row, and everything that changes passages or
// their terms writes the article's row.
type stamp struct {
	place uint32
	xmin  uint32
}

// renew returns a view of a version, or a later one, and reads what has changed, at first all, when none is known. Searches that wait for
// the same share it; who leaves does not end it for the others. A copy of the database that is older than the version gives what it has.
func (m *mirror) renew(ctx context.Context, pool *pgxpool.Pool, version int64) (*view, error) {
	for {
		if v := m.now.Load(); v != nil && v.version >= version {
			return v, nil
		}
		own := false
		renewal := m.renewals.DoChan("", func() (any, error) {
			own = true
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewalTimeout)
			defer cancel()
			return nil, m.read(ctx, pool)
		})
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("mirror knowledge base: %w", ctx.Err())
		case landed := <-renewal:
			if landed.Err != nil && (own || ctx.Err() != nil) {
				return nil, fmt.Errorf("mirror knowledge base: %w", landed.Err)
			}
			if own {
				return m.now.Load(), nil
			}
		}
	}
}

// read makes the newest version of a copy of the database the view of now, unless that is newer.
func (m *mirror) read(ctx context.Context, pool *pgxpool.Pool) error {
	before := m.now.Load()
	from := before
	if from == nil || float64(from.gone) > mostGone*float64(len(from.passages)) {
		from = &view{store: &store{
			byID: make(map[int64]uint32), byIntent: make(map[string][]uint32), bySlug: make(map[string][]uint32),
			postings: make(map[int32][]posting),
		}}
	}
	v, err := from.next(ctx, pool)
	if err != nil {
		return err
	}
	if before == nil || v.version > before.version {
		m.now.Store(v)
	}
	return nil
}

// next reads the newest version, all of it in one state of the database.
func (v *view) next(ctx context.Context, pool *pgxpool.Pool) (next *view, err error) {
	options := pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}
	err = pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		next = &view{store: v.store, locales: make(map[string]localeSize), stamps: make(map[int64]stamp, len(v.stamps))}
		if err := tx.QueryRow(ctx, `SELECT version FROM kb_version`).Scan(&next.version); err != nil {
			return fmt.Errorf("read version: %w", err)
		}
		changed, err := v.changed(ctx, tx, next)
		if err != nil {
			return err
		}
		for step := range slices.Chunk(changed, mirrorStep) {
			if err := v.read(ctx, tx, step, next); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	next.settle()
	return next, nil
}

// changed returns the published articles that are not as this view has them, and gives the next one the others.
func (v *view) changed(ctx context.Context, tx pgx.Tx, next *view) (ids []int64, err error) {
	rows, err := tx.Query(ctx, `SELECT id, xmin FROM articles WHERE status = 'published' ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("look for changed articles: %w", err)
	}
	var id int64
	var xmin uint32
	_, err = pgx.ForEachRow(rows, []any{&id, &xmin}, func() error {
		if known, ok := v.stamps[id]; ok && known.xmin == xmin {
			next.stamps[id] = known
		} else {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for changed articles: %w", err)
	}
	return ids, nil
}

// read adds articles to the store, and to the next view.
func (v *view) read(ctx context.Context, tx pgx.Tx, ids []int64, next *view) error {
	const articles = `
		SELECT id, xmin, slug, locale, audience, review_by, jurisdictions, intents FROM articles WHERE id = ANY(@ids)
		ORDER BY id`
	const parts = `
		SELECT p.article_id, p.id, t.length, t.term_ids, t.frequencies FROM passages p JOIN passage_terms t ON t.passage_id = p.id
		WHERE p.article_id = ANY(@ids) ORDER BY p.article_id, p.ordinal`
	args := pgx.NamedArgs{"ids": ids}
	rows, err := tx.Query(ctx, articles, args)
	if err != nil {
		return fmt.Errorf("read articles: %w", err)
	}
	read := make(map[int64]mirroredArticle, len(ids))
	var id int64
	var xmin uint32
	var locale string
	var reviewBy *time.Time
	var a mirroredArticle
	_, err = pgx.ForEachRow(rows, []any{&id, &xmin, &a.slug, &locale, &a.audience, &reviewBy, &a.jurisdictions, &a.intents}, func() error {
		if reviewBy != nil {
			a.reviewBy = *reviewBy
		}
		if a.locale, err = v.localeNumber(locale); err != nil {
			return err
		}
		a.id = id
		read[id], next.stamps[id], a = a, stamp{place: nowhere, xmin: xmin}, mirroredArticle{}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read articles: %w", err)
	}
	if rows, err = tx.Query(ctx, parts, args); err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	var row mirroredRow
	var own []mirroredRow
	add := func() error {
		if len(own) == 0 {
			return nil
		}
		id := own[0].article
		place, err := v.add(read[id], own)
		next.stamps[id] = stamp{place: place, xmin: next.stamps[id].xmin}
		own = own[:0]
		return err
	}
	_, err = pgx.ForEachRow(rows, []any{&row.article, &row.id, &row.length, &row.terms, &row.frequencies}, func() error {
		if len(own) > 0 && own[0].article != row.article {
			if err := add(); err != nil {
				return err
			}
		}
		own = append(own, row)
		row = mirroredRow{}
		return nil
	})
	if err = errors.Join(err, add()); err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	return nil
}

// mirroredRow is a passage as it is read.
type mirroredRow struct {
	article     int64
	frequencies []int16
	id          int64
	length      int
	terms       []int32
}

// add adds an article with its passages, and returns its place.
func (s *store) add(a mirroredArticle, passages []mirroredRow) (place uint32, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.passages)+len(passages) > maxMirrored {
		return 0, errTooManyPassages
	}
	place = uint32(len(s.articles))   //nolint:gosec // no more than passages
	a.first = uint32(len(s.passages)) //nolint:gosec // within maxMirrored
	for _, p := range passages {
		at := uint32(len(s.passages)) //nolint:gosec // within maxMirrored
		for i, term := range p.terms {
			s.postings[term] = append(s.postings[term], newPosting(at, p.frequencies[i]))
		}
		length := uint16(min(p.length, math.MaxUint16)) //nolint:gosec // bounded
		before, known := s.byID[p.id]
		if !known {
			before = nowhere
		}
		s.passages = append(s.passages, mirroredPassage{article: place, before: before, id: p.id, length: length, locale: a.locale})
		s.byID[p.id] = at
	}
	a.end = uint32(len(s.passages)) //nolint:gosec // within maxMirrored
	s.articles = append(s.articles, a)
	s.bySlug[a.slug] = append(s.bySlug[a.slug], place)
	for _, intent := range a.intents {
		s.byIntent[intent] = append(s.byIntent[intent], place)
	}
	return place, nil
}

// settle makes what follows from the stamps: what is there, and how much of each language.
func (v *view) settle() {
	v.mu.RLock()
	v.articles, v.passages = v.store.articles, v.store.passages
	names := v.store.locales
	v.mu.RUnlock()
	v.living, v.alive = make([]bool, len(v.articles)), make([]bool, len(v.passages))
	for _, s := range v.stamps {
		if s.place != nowhere {
			v.living[s.place] = true
		}
	}
	v.languages = make([]uint8, len(v.passages))
	for i, p := range v.passages {
		v.languages[i] = p.locale
		if v.alive[i] = v.living[p.article]; !v.alive[i] {
			v.gone++
			continue
		}
		size := v.locales[names[p.locale]]
		v.locales[names[p.locale]] = localeSize{length: size.length + float64(p.length), passages: size.passages + 1}
	}
	v.names, v.few = names, make(map[string][]uint32)
	for i, p := range v.passages {
		if name := names[p.locale]; v.alive[i] && v.locales[name].passages <= exactPassages {
			v.few[name] = append(v.few[name], uint32(i))
		}
	}
}

func (s *store) localeNumber(locale string) (uint8, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.locales, locale); i >= 0 {
		return uint8(i), nil //nolint:gosec // see below
	}
	if len(s.locales) > 255 {
		return 0, errors.New("knowledge base has more than 256 languages")
	}
	s.locales = append(s.locales, locale)
	return uint8(len(s.locales) - 1), nil //nolint:gosec // see above
}
