package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
	"golang.org/x/sync/errgroup"
)

// candidateRow is a passage with its article. It is shared by searches and never changed.
type candidateRow struct {
	ArticleID     int64      `db:"article_id"`
	Audience      Audience   `db:"audience"`
	Body          string     `db:"body"`
	Category      string     `db:"category"`
	HeadingPath   []string   `db:"heading_path"`
	Intents       []string   `db:"intents"`
	Jurisdictions []string   `db:"jurisdictions"`
	KBVersion     int64      `db:"kb_version"`
	Locale        string     `db:"locale"`
	Ordinal       int        `db:"ordinal"`
	PassageID     int64      `db:"passage_id"`
	ReviewBy      *time.Time `db:"review_by"`
	Slug          string     `db:"slug"`
	Title         string     `db:"title"`
	TokenCount    int        `db:"token_count"`
	Version       int        `db:"version"`
}

func (r *candidateRow) article(now staleness) ArticleRef {
	ref := ArticleRef{
		Audience:      r.Audience,
		Category:      r.Category,
		ID:            r.ArticleID,
		Intents:       r.Intents,
		Jurisdictions: r.Jurisdictions,
		Locale:        r.Locale,
		Slug:          r.Slug,
		Title:         r.Title,
		Version:       r.Version,
	}
	if r.ReviewBy != nil {
		ref.ReviewBy = *r.ReviewBy
		ref.Stale = now.stale(*r.ReviewBy)
	}
	return ref
}

// seen reports whether a passage, as it was read, may be seen.
func (r *candidateRow) seen(s sight) bool {
	var reviewBy time.Time
	if r.ReviewBy != nil {
		reviewBy = *r.ReviewBy
	}
	return s.sees(r.Audience, reviewBy, r.Jurisdictions)
}

func (r *candidateRow) passage() Passage {
	return Passage{Body: r.Body, HeadingPath: r.HeadingPath, ID: r.PassageID, Ordinal: r.Ordinal, TokenCount: r.TokenCount}
}

// search is all that the candidates depend on.
type search struct {
	degraded bool
	modelID  int32
	overview overview
	pool     *pgxpool.Pool
	query    Query
	// shown are the languages to show, best first.
	shown  []string
	terms  queryTerms
	vector pgvector.HalfVector
	view   *view
}

// distances joins the passages one by one: a list in the condition would be weighed anew for each question.
const distances = `
	SELECT (SELECT version FROM kb_version), array_agg(passage_id), array_agg(embedding <=> @vector)
	FROM unnest(@ids::bigint[]) AS wanted (id) JOIN embeddings ON model_id = @model AND passage_id = wanted.id`

// leaders is how many of the best in any language have their version in the customer's language looked up: a question may find an
// article through another language, and the customer must still get their own.
const leaders = 10

// intentLimit is how many passages the likely intents bring in: several articles of each, openings first.
const intentLimit = 60

// How the passages of the customer's language are found among all.
const (
	// dominantShare is the share of all passages above which a language is not searched by itself: the searches over all
	// languages find its passages anyway.
	dominantShare = 0.6
	// exactPassages is up to how many passages of a language all are looked at by words.
	exactPassages = 750
)

// How many of the nearest are left by each look: by the heads of codes, by all their bits, by what they say of the cosine; then the vectors
// themselves are compared. More are left by heads where there are several shards.
const (
	byHead = 800
	byBits = 200
	byCode = 64
)

// findCandidates runs all searches. What the words and the codes find, and who may see what, is in memory. How near that is, the database
// tells, with the version of the knowledge base that it then has.
func (x *Index) findCandidates(ctx context.Context, s search) (candidates []*candidate, version int64, err error) {
	lists := s.view.lists(s.terms, s.overview)
	var words []scored
	var others []uint32
	cosines, early := make(map[uint32]float64), s.view.version
	var meanwhile errgroup.Group
	meanwhile.Go(func() (err error) {
		var ownWords []scored
		words, ownWords = s.byWords(lists)
		others = slices.Concat(placesOf(words), placesOf(ownWords), s.view.about(s.query.intents(), s.shown, s.query.sight()))
		others = s.seen(others)
		if len(s.view.alive) > shardSize { // going through the codes takes longer than this
			early, err = x.compare(ctx, s, others, cosines)
		}
		return err
	})
	near, ownNear, err := x.byVectors(ctx, s)
	if err := cmp.Or(meanwhile.Wait(), err); err != nil {
		return nil, 0, fmt.Errorf("find candidates: %w", err)
	}
	leading := slices.Concat(near[:min(leaders, len(near))], placesOf(words[:min(leaders, len(words))]))
	others = append(others, s.seen(s.view.siblings(leading, s.shown))...)
	version, err = x.compare(ctx, s, slices.Concat(near, ownNear, others), cosines)
	if err != nil {
		return nil, 0, fmt.Errorf("compare vectors: %w", err)
	}
	if early != s.view.version { // begins anew
		version = early
	}
	similarities := make(map[uint32]float64)
	for _, places := range [][]uint32{nearest(near, cosines), nearest(ownNear, cosines), others} {
		for _, place := range places {
			similarities[place] = cosines[place]
		}
	}
	return s.candidates(similarities, lists), version, nil
}

// nearest keeps the places whose vectors are nearest to the question's.
func nearest(places []uint32, similarities map[uint32]float64) []uint32 {
	slices.SortFunc(places, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(similarities[b], similarities[a]), cmp.Compare(a, b))
	})
	return places[:min(armLimit, len(places))]
}

// seen keeps the places that may be seen.
func (s search) seen(places []uint32) []uint32 {
	sight := s.query.sight()
	return slices.DeleteFunc(places, func(place uint32) bool { return !s.view.sees(place, sight) })
}

// byWords are the best passages by the question's words, and the best in the question's language.
func (s search) byWords(lists []weighedList) (best, own []scored) {
	all := s.view.score(s.seen(withRare(lists)), lists, s.overview)
	best = all[:min(armLimit, len(all))]
	locale := s.query.Locale
	switch passages, share := s.overview.in(locale).passages, s.overview.share(locale); {
	case passages == 0 || share > dominantShare:
		return best, nil
	case passages <= exactPassages:
		own = s.view.score(s.seen(slices.Clone(s.view.few[locale])), lists, s.overview)
	default:
		own = slices.DeleteFunc(slices.Clone(all), func(w scored) bool { return s.view.localeOf(w.place) != locale })
	}
	return best, own[:min(armLimit, len(own))]
}

func placesOf(found []scored) []uint32 {
	places := make([]uint32, len(found))
	for i, w := range found {
		places[i] = w.place
	}
	return places
}

// byVectors are the places that may be seen whose codes are nearest to the question's vector, the nearest first, and those of the
// question's language. There are none without a vector.
func (x *Index) byVectors(ctx context.Context, s search) (all, own []uint32, err error) {
	if s.degraded {
		return nil, nil, nil
	}
	codes, err := x.codes.of(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	all, own = s.byCodes(codes, x.codes.rotation.ask(s.vector.Slice()))
	return all, own, nil
}

// compare adds the cosines of places, but for those that are known; there is none for a place without a vector. The version of the
// knowledge base is that of their moment.
func (x *Index) compare(ctx context.Context, s search, places []uint32, cosines map[uint32]float64) (version int64, err error) {
	places = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(places))), func(place uint32) bool {
		_, known := cosines[place]
		return known
	})
	if s.degraded || len(places) == 0 {
		return versionIn(ctx, s.pool)
	}
	ids := make([]int64, len(places))
	for i, place := range places {
		ids[i] = s.view.passages[place].id
	}
	var found []int64
	var far []float64
	arguments := pgx.NamedArgs{"ids": ids, "model": s.modelID, "vector": s.vector}
	if err := s.pool.QueryRow(ctx, distances, arguments).Scan(&version, &found, &far); err != nil {
		return 0, err
	}
	for i, id := range found {
		if place, ok := s.view.placeOf(id); ok {
			cosines[place] = 1 - far[i]
		}
	}
	return version, nil
}
