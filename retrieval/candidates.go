package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
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

// The statements. $MODEL, $DIMENSIONS, $LOCALE and $LIMIT are put in as constants, not as parameters: the planner uses a partial index on
// an expression only where it sees them, and walks it only where it knows how few rows are wanted.
const (
	// nearest walks an HNSW index in order of distance: the one over all languages, or that of one language where it has its own.
	nearest = `
		SELECT passage_id, embedding::halfvec($DIMENSIONS) <=> @vector::halfvec($DIMENSIONS) AS distance
		FROM embeddings WHERE model_id = $MODEL $LOCALE ORDER BY distance LIMIT $LIMIT`

	// nearestExact looks at every vector of a small language: the sum keeps the planner from walking the index over all languages.
	nearestExact = `
		SELECT passage_id, (embedding::halfvec($DIMENSIONS) <=> @vector::halfvec($DIMENSIONS)) + 0 AS distance
		FROM embeddings WHERE model_id = $MODEL AND locale = @locale ORDER BY distance LIMIT $LIMIT`

	distances = `
		SELECT passage_id, embedding::halfvec($DIMENSIONS) <=> @vector::halfvec($DIMENSIONS), (SELECT version FROM kb_version)
		FROM embeddings WHERE model_id = $MODEL AND passage_id = ANY(@ids)`
)

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
	// walkShare is the share from which the walk over all languages is made longer instead of walking a second index.
	walkShare = 0.2
	// exactPassages is up to how many passages of a language all are looked at, by vectors and by words: 2 microseconds each, which
	// costs as much as walking an index of them does.
	exactPassages = 750
)

// settings hold for one round trip, and tell its version of the knowledge base. Iterative scan goes on until there are as many as are
// wanted; the order is restored afterwards. A connection plans these statements once for all questions. Such a plan must not take to
// reading a whole table: that costs up to 280 ms at 100,000 passages. What keeps it from that counts as an enormous cost, for which a
// server that compiles expressions (jit, on by default) does so for 2.5 s.
const settings = `
	SELECT version, set_config('hnsw.ef_search', @ef_search, true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
		set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
		set_config('jit', 'off', true)
	FROM kb_version`

// ownSettings hold for the walk over the passages of one language.
const ownSettings = `SELECT set_config('hnsw.ef_search', @ef_search, true)`

// near is a passage, by its place, with the distance of its vector from the question's.
type near struct {
	distance float64
	place    uint32
}

// findCandidates runs all searches. What the words find, and who may see what, is of the view. What the vectors find is asked of the
// database in two round trips: which passages are nearest, and how near is what else was found. The version of the knowledge base is that
// of the database in the end.
func (x *Index) findCandidates(ctx context.Context, s search) (candidates []*candidate, version int64, err error) {
	lists := s.view.lists(s.terms, s.overview)
	var words, ownWords []scored
	var meanwhile sync.WaitGroup
	meanwhile.Go(func() { words, ownWords = s.byWords(lists) })
	dense, own, version, err := x.nearest(ctx, s)
	meanwhile.Wait()
	if err != nil {
		return nil, 0, fmt.Errorf("find nearest passages: %w", err)
	}
	var leading, others []uint32
	similarities := make(map[uint32]float64)
	for i, n := range dense {
		if i < leaders {
			leading = append(leading, n.place)
		}
		similarities[n.place] = 1 - n.distance
	}
	for _, n := range own {
		similarities[n.place] = 1 - n.distance
	}
	for i, w := range words {
		if i < leaders {
			leading = append(leading, w.place)
		}
		others = append(others, w.place)
	}
	for _, w := range ownWords {
		others = append(others, w.place)
	}
	others = append(others, s.view.siblings(leading, s.shown)...)
	others = append(others, s.view.about(s.query.intents(), s.shown, s.query.sight())...)
	later, err := x.measure(ctx, s, s.seen(others), similarities)
	if err != nil {
		return nil, 0, fmt.Errorf("compare vectors: %w", err)
	}
	return s.candidates(similarities, lists), max(version, later), nil
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

// byVectors are the statements of the search by vectors. Passages of the question's language are taken from the one with number own, none
// when it is -1.
func (s search) byVectors(dimensions, more int) (statements []string, limits []int, own int) {
	limits = []int{more * (armLimit + armLimit/2), more * armLimit} // some may not be seen
	statements = []string{strings.ReplaceAll(nearest, "$LOCALE", "")}
	switch passages, share := s.overview.in(s.query.Locale).passages, s.overview.share(s.query.Locale); {
	case passages == 0 || share > dominantShare:
		own = -1
	case passages <= exactPassages:
		statements, own = append(statements, nearestExact), 1
	case share >= walkShare:
		limits[0] = max(limits[0], int(math.Ceil(float64(limits[1])/share)))
	default:
		// The language is one that the database has: its constraint allows letters and a hyphen only.
		statements, own = append(statements, strings.ReplaceAll(nearest, "$LOCALE", "AND locale = '"+s.query.Locale+"'")), 1
	}
	for i := range statements {
		statements[i] = strings.NewReplacer(
			"$DIMENSIONS", strconv.Itoa(dimensions), "$LIMIT", strconv.Itoa(limits[i]), "$MODEL", strconv.Itoa(int(s.modelID)),
		).Replace(statements[i])
	}
	return statements, limits[:len(statements)], own
}

// enoughSeen is of how many passages on a search by vectors is not made longer for the sake of those that may not be seen. It becomes
// longer times as long, and at most longest times.
const enoughSeen, longer, longest = armLimit * 3 / 4, 4, 256

// nearest returns the nearest passages that may be seen, and those of the question's language, the nearest first.
func (x *Index) nearest(ctx context.Context, s search) (best, own []near, version int64, err error) {
	if s.degraded {
		version, err = versionIn(ctx, s.pool)
		return nil, nil, version, err
	}
	for more := 1; ; more *= longer {
		statements, limits, from := s.byVectors(x.model.Dimensions, more)
		version, all, err := s.walk(ctx, statements)
		if err != nil {
			return nil, nil, 0, err
		}
		best, enough := s.nearestSeen(all[0], limits[0], "")
		own, enoughOwn := []near(nil), true
		if from >= 0 {
			own, enoughOwn = s.nearestSeen(all[from], limits[from], s.query.Locale)
		}
		if enough && enoughOwn || more >= longest {
			return best, own, version, nil
		}
	}
}

// nearestSeen keeps what may be seen, in a language when it is not empty, and reports whether a longer search would find no more.
func (s search) nearestSeen(all []distanceRow, limit int, locale string) (seen []near, enough bool) {
	sight := s.query.sight()
	for _, row := range all {
		place, ok := s.view.placeOf(row.PassageID)
		if ok && s.view.sees(place, sight) && (locale == "" || s.view.localeOf(place) == locale) {
			seen = append(seen, near{distance: row.Distance, place: place})
		}
	}
	slices.SortFunc(seen, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(s.view.passages[a.place].id, s.view.passages[b.place].id))
	})
	return seen[:min(armLimit, len(seen))], len(seen) >= enoughSeen || len(all) < limit
}

// measure adds the cosines of places that have none yet; 0 for one without a vector. It returns the version of the knowledge base that they
// are of, 0 when nothing was asked.
func (x *Index) measure(ctx context.Context, s search, places []uint32, similarities map[uint32]float64) (version int64, err error) {
	var ids []int64
	for _, place := range places {
		if _, known := similarities[place]; !known {
			ids, similarities[place] = append(ids, s.view.passages[place].id), 0
		}
	}
	if s.degraded || len(ids) == 0 {
		return 0, nil
	}
	rows, err := s.pool.Query(ctx, s.distances(x.model.Dimensions), pgx.NamedArgs{"ids": ids, "vector": s.vector})
	if err != nil {
		return 0, err
	}
	var row distanceRow
	_, err = pgx.ForEachRow(rows, []any{&row.PassageID, &row.Distance, &version}, func() error {
		if place, ok := s.view.placeOf(row.PassageID); ok {
			similarities[place] = 1 - row.Distance
		}
		return nil
	})
	return version, err
}

func (s search) distances(dimensions int) string {
	return strings.NewReplacer("$DIMENSIONS", strconv.Itoa(dimensions), "$MODEL", strconv.Itoa(int(s.modelID))).Replace(distances)
}

// distanceRow is a passage and how far its vector is from the question's.
type distanceRow struct {
	PassageID int64   `db:"passage_id"`
	Distance  float64 `db:"distance"`
}

// walk runs statements in one round trip, and tells the version of the knowledge base before them.
func (s search) walk(ctx context.Context, statements []string) (version int64, all [][]distanceRow, err error) {
	batch := &pgx.Batch{} // one implicit transaction: the settings end with it
	batch.Queue(settings, pgx.NamedArgs{"ef_search": strconv.Itoa(s.efSearch())}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&version, nil, nil, nil, nil, nil)
	})
	all = make([][]distanceRow, len(statements))
	args := pgx.NamedArgs{"locale": s.query.Locale, "vector": s.vector}
	for i, statement := range statements {
		if i > 0 {
			batch.Queue(ownSettings, pgx.NamedArgs{"ef_search": strconv.Itoa(efOwn)})
		}
		batch.Queue(statement, args).Query(func(rows pgx.Rows) (err error) {
			all[i], err = pgx.CollectRows(rows, pgx.RowToStructByPos[distanceRow])
			return err
		})
	}
	return version, all, s.pool.SendBatch(ctx, batch).Close()
}

func (s search) efSearch() int {
	if s.overview.passages() < manyPassages {
		return efSearch
	}
	return efSearchMany
}
