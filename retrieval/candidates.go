package retrieval

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
)

// foundRow is a passage that one of the searches found and that may be seen.
type foundRow struct {
	KBVersion  int64   `db:"kb_version"`
	PassageID  int64   `db:"passage_id"`
	Similarity float64 `db:"similarity"`
}

// candidateRow is a passage with its article and what it is scored by. It is shared by searches and never changed.
type candidateRow struct {
	ArticleID     int64      `db:"article_id"`
	Audience      Audience   `db:"audience"`
	Body          string     `db:"body"`
	Category      string     `db:"category"`
	Frequencies   []int16    `db:"frequencies"`
	HeadingPath   []string   `db:"heading_path"`
	Intents       []string   `db:"intents"`
	Jurisdictions []string   `db:"jurisdictions"`
	KBVersion     int64      `db:"kb_version"`
	Length        int        `db:"length"`
	Locale        string     `db:"locale"`
	Ordinal       int        `db:"ordinal"`
	PassageID     int64      `db:"passage_id"`
	ReviewBy      *time.Time `db:"review_by"`
	Slug          string     `db:"slug"`
	TermIDs       []int32    `db:"term_ids"`
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
}

// The parts of the candidates' query. $MODEL, $DIMENSIONS, $TAG and the limits are put in as constants, not as parameters: the
// planner uses a partial index on an expression only where it sees them, and walks it only where it knows how few rows are wanted.
const (
	// visible keeps internal and stale articles from the public, and articles that do not hold where the customer is from
	// everybody; where that is unknown, those that hold in some places only are the desk's. It is the last condition on
	// every passage that is found, and in the arms it keeps such rows from taking the places of others.
	visible = `a.status = 'published'
		AND (@internal OR (a.audience = 'public' AND (a.review_by IS NULL OR a.review_by >= @today)))
		AND (a.jurisdictions = '{}' OR @jurisdiction = ANY(a.jurisdictions) OR (@internal AND @jurisdiction = ''))`

	// nearest walks an HNSW index in order of distance: the one over all languages, or that of one language where it has its own.
	nearest = `
		SELECT e.passage_id, e.locale, e.embedding::halfvec($DIMENSIONS) <=> @vector::halfvec($DIMENSIONS) AS distance
		FROM embeddings e JOIN passages p ON p.id = e.passage_id JOIN articles a ON a.id = p.article_id
		WHERE e.model_id = $MODEL AND $LOCALE AND ` + visible + `
		ORDER BY distance LIMIT $LIMIT`

	// nearestExact looks at every vector of a small language. The sum keeps the planner from walking the index over all languages. Its
	// inner limit is above all that such a language has: it takes none away, but lets the articles be looked up in order of distance
	// until enough of them are visible.
	nearestExact = `
		SELECT e.passage_id, e.distance
		FROM (
			SELECT e.passage_id, (e.embedding::halfvec($DIMENSIONS) <=> @vector::halfvec($DIMENSIONS)) + 0 AS distance
			FROM embeddings e WHERE e.model_id = $MODEL AND e.locale = @locale
			ORDER BY distance LIMIT $EXACT
		) e
		JOIN passages p ON p.id = e.passage_id JOIN articles a ON a.id = p.article_id
		WHERE ` + visible + `
		ORDER BY e.distance LIMIT $LIMIT`

	// nearestOfWalk takes the language's passages out of the walk over all.
	nearestOfWalk = `SELECT passage_id, distance FROM walk WHERE locale = @locale ORDER BY distance LIMIT $LIMIT`

	// ranked are the passages that have one of the rarest terms (GIN), with the inner product of weights.
	ranked = `
		SELECT e.passage_id, e.locale, e.weights <#> @weights AS distance
		FROM passage_terms e WHERE e.term_ids && @rarest::integer[]`

	// rankedExact are all passages of a small language.
	rankedExact = `(
			SELECT e.passage_id, e.locale, e.weights <#> @weights AS distance FROM passage_terms e WHERE e.locale = @locale
		)`

	bestWords = `
		SELECT w.passage_id, w.distance
		FROM (SELECT r.passage_id, r.distance FROM $RANKED r WHERE $LOCALE ORDER BY r.distance LIMIT $OVERFETCH) w
		JOIN passages p ON p.id = w.passage_id JOIN articles a ON a.id = p.article_id
		WHERE ` + visible + `
		ORDER BY w.distance LIMIT $LIMIT`

	// aboutIntent brings in the articles that a person wrote for what the question is probably about, whatever its words.
	aboutIntent = `
		SELECT p.id AS passage_id
		FROM articles a JOIN passages p ON p.article_id = a.id
		WHERE a.intents && @intents AND a.locale = ANY(@shown) AND ` + visible + `
		ORDER BY p.ordinal, p.id LIMIT @intent_limit`

	nothing = `SELECT NULL::bigint AS passage_id, NULL::text AS locale, NULL::double precision AS distance WHERE false`

	// The siblings are the passages, in the languages that may be shown, of the articles that are best in any: a question
	// may find an article through another language, and the customer must still get their own.
	candidatesQuery = `
WITH walk AS MATERIALIZED ($WALK),
dense_any AS MATERIALIZED (SELECT passage_id, distance FROM walk ORDER BY distance LIMIT $LIMIT),
dense_locale AS MATERIALIZED ($DENSE_LOCALE),
ranked AS MATERIALIZED (` + ranked + `),
words_any AS MATERIALIZED ($WORDS_ANY),
words_locale AS MATERIALIZED ($WORDS_LOCALE),
about_intent AS MATERIALIZED (` + aboutIntent + `),
leaders AS (
	(SELECT passage_id FROM dense_any ORDER BY distance LIMIT $LEADERS)
	UNION
	(SELECT passage_id FROM words_any ORDER BY distance LIMIT $LEADERS)
),
siblings AS (
	SELECT s.id AS passage_id
	FROM leaders l
	JOIN passages p ON p.id = l.passage_id
	JOIN articles a ON a.id = p.article_id
	JOIN articles v ON v.slug = a.slug AND v.locale = ANY(@shown) AND v.id <> a.id
	JOIN passages s ON s.article_id = v.id
),
found AS (
	SELECT passage_id, min(distance) AS distance
	FROM (
		SELECT passage_id, distance FROM dense_any UNION ALL SELECT passage_id, distance FROM dense_locale
		UNION ALL SELECT passage_id, NULL FROM words_any UNION ALL SELECT passage_id, NULL FROM words_locale
		UNION ALL SELECT passage_id, NULL FROM siblings UNION ALL SELECT passage_id, NULL FROM about_intent
	) f
	GROUP BY passage_id
)
SELECT p.id AS passage_id, $SIMILARITY AS similarity, (SELECT version FROM kb_version) AS kb_version
FROM found f
JOIN passages p ON p.id = f.passage_id
JOIN articles a ON a.id = p.article_id
WHERE ` + visible

	// similarity is computed again only for what the words found.
	similarity = `coalesce(1 - f.distance, (
		SELECT 1 - (e.embedding::halfvec($DIMENSIONS) <=> @vector::halfvec($DIMENSIONS))
		FROM embeddings e WHERE e.model_id = $MODEL AND e.passage_id = p.id
	), 0)`
)

// leaders is how many of the best in any language have their version in the customer's language looked up.
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

// settings hold for one search. Iterative scan goes on until enough of the nearest are visible; the order is restored by
// the scores. Planning this statement takes longer than running it, so a connection plans it once for all questions: the p50
// of a whole answer over 1,900 passages is 0.6 of what it is with a plan for each (two services, alternating requests). Such a plan
// knows neither language nor terms, and must not take to reading a whole table: that costs up to 280 ms at 100,000 passages. What
// keeps it from that counts as an enormous cost, for which a server that compiles expressions (jit, on by default) does so for
// 2.5 s: with it, the p50 of an answer was 2.6 s at four clients, without it 0.05 to 0.1 s. Every join is of at most some hundred rows
// with what belongs to them: a plan that hashes a table for it reads the whole of that.
const settings = `
	SELECT set_config('hnsw.ef_search', @ef_search, true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
		set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
		set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)`

// findCandidates runs all searches in one round trip and, being one statement, on one state of the knowledge base.
func (x *Index) findCandidates(ctx context.Context, s search) ([]foundRow, error) {
	var candidates []foundRow
	batch := &pgx.Batch{} // one implicit transaction: the settings end with it
	batch.Queue(settings, pgx.NamedArgs{"ef_search": strconv.Itoa(s.efSearch())})
	batch.Queue(s.sql(x.model.Dimensions), s.args()).Query(func(rows pgx.Rows) (err error) {
		candidates, err = pgx.CollectRows(rows, pgx.RowToStructByName[foundRow])
		return err
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("find passages: %w", err)
	}
	return candidates, nil
}

func (s search) sql(dimensions int) string {
	walk, walkLimit := nearest, armLimit
	denseLocale, wordsLocale := nothing, nothing
	inLocale := strings.NewReplacer("$RANKED", "ranked", "$LOCALE", "r.locale = @locale").Replace(bestWords)
	switch passages, share := s.overview.in(s.query.Locale).passages, s.overview.share(s.query.Locale); {
	case passages == 0 || share > dominantShare:
	case passages <= exactPassages:
		denseLocale = nearestExact
		wordsLocale = strings.NewReplacer("$RANKED", rankedExact, "$LOCALE", "true").Replace(bestWords)
	case share >= walkShare:
		denseLocale, wordsLocale = nearestOfWalk, inLocale
		walkLimit = int(math.Ceil(armLimit / share))
	default:
		// The language is one that the database has: its constraint allows letters and a hyphen only.
		denseLocale = strings.ReplaceAll(nearest, "$LOCALE", "e.locale = '"+s.query.Locale+"'")
		denseLocale = "SELECT passage_id, distance FROM (" + denseLocale + ") e"
		wordsLocale = inLocale
	}
	cosine := similarity
	if s.degraded {
		walk, denseLocale, cosine = nothing, nothing, "0::double precision"
	}
	walk = strings.NewReplacer("$LOCALE", "true", "$LIMIT", strconv.Itoa(walkLimit)).Replace(walk)
	return strings.NewReplacer(
		"$DIMENSIONS", strconv.Itoa(dimensions), "$EXACT", strconv.Itoa(2*exactPassages), "$LEADERS", strconv.Itoa(leaders),
		"$LIMIT", strconv.Itoa(armLimit), "$MODEL", strconv.Itoa(int(s.modelID)), "$OVERFETCH", strconv.Itoa(armLimit*lexicalOverfetch),
	).Replace(strings.NewReplacer(
		"$DENSE_LOCALE", denseLocale,
		"$SIMILARITY", cosine,
		"$WALK", walk,
		"$WORDS_ANY", strings.NewReplacer("$RANKED", "ranked", "$LOCALE", "true").Replace(bestWords),
		"$WORDS_LOCALE", wordsLocale,
	).Replace(candidatesQuery))
}

func (s search) efSearch() int {
	if s.overview.passages() < manyPassages {
		return efSearch
	}
	return efSearchMany
}

func (s search) args() pgx.NamedArgs {
	inLocale := s.overview.in(s.query.Locale)
	forWeights := inLocale
	if inLocale.passages == 0 {
		forWeights = s.overview.together()
	}
	return pgx.NamedArgs{
		"intents":      s.query.intents(),
		"intent_limit": intentLimit,
		"internal":     s.query.Audience == AudienceInternal,
		"jurisdiction": s.query.Jurisdiction,
		"locale":       s.query.Locale,
		"rarest":       s.terms.rarest(s.overview.together()),
		"shown":        s.shown,
		"today":        time.Time(s.query.today()),
		"vector":       s.vector,
		"weights":      s.terms.weights(forWeights),
	}
}
