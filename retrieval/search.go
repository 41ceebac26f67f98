package retrieval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgvector/pgvector-go"
	"golang.org/x/text/unicode/norm"
)

// Sizes of a search.
const (
	// armLimit is how many passages each way of searching contributes. Some 120 candidates in all are scored exactly.
	armLimit = 40
	// minIntent is the probability below which an intent lifts articles but brings none in.
	minIntent = 0.15
)

// Search finds the articles that answer a question. It returns an error when ctx is done or the database fails; when only
// the embedding model fails, Results.Degraded says so and the hits come from the words alone.
func (x *Index) Search(ctx context.Context, query Query) (Results, error) {
	return x.searchIn(ctx, source{pool: x.pool}, query)
}

// searchIn is Search in one copy of the database.
func (x *Index) searchIn(ctx context.Context, in source, query Query) (Results, error) {
	modelID, err := x.registered()
	if err != nil {
		return Results{}, fmt.Errorf("search: %w", err)
	}
	query = query.normalised()
	units := x.analyzer.Query(query.Text, query.Locale)
	terms := newQueryTerms(units[:min(len(units), maxQueryUnits)])
	results := Results{Model: x.model.Name, Terms: terms.units}
	if len(terms.counts) == 0 {
		ctx, cancel := in.bound(ctx)
		defer cancel()
		if results.KBVersion, err = versionIn(ctx, in.pool); err != nil {
			return Results{}, fmt.Errorf("search: %w", err)
		}
		return results, nil
	}
	vector, err := x.embedQuery(ctx, query.Text)
	if err != nil {
		if ctx.Err() != nil {
			return Results{}, fmt.Errorf("search: %w", ctx.Err())
		}
		results.Degraded, results.Model = err, ""
	}
	shown := preferred(query.Locale, x.fallback)
	ctx, cancel := in.bound(ctx)
	defer cancel()
	candidates, overview, err := x.findTogether(ctx, search{
		degraded: results.Degraded != nil, modelID: modelID, pool: in.pool, query: query, shown: shown, terms: terms, vector: vector,
	})
	if err != nil {
		return Results{}, fmt.Errorf("search: %w", err)
	}
	results.KBVersion = overview.version
	results.Hits = collapse(candidates, selection{limit: query.Limit, shown: shown, today: query.today()})
	if query.Wording > 0 {
		results.Wording = x.analyzer.Wording(query.Locale, query.Text, results.bodies(), query.Wording)
	}
	return results, nil
}

// bodies are the texts of the passages that matched.
func (r Results) bodies() []string {
	bodies := make([]string, len(r.Hits))
	for i, hit := range r.Hits {
		bodies[i] = hit.Passage.Body
	}
	return bodies
}

// normalised returns the query with its defaults and within its limits.
func (q Query) normalised() Query {
	if q.Audience != AudienceInternal {
		q.Audience = AudiencePublic // whatever else it says, the safe reading
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	if locale, ok := Locale(q.Locale); ok {
		q.Locale = locale
	} else {
		q.Locale = ""
	}
	q.Jurisdiction, _ = Jurisdiction(q.Jurisdiction)
	if len(q.Text) > maxQueryBytes {
		q.Text = q.Text[:maxQueryBytes]
	}
	// How a text is spaced and composed says nothing, and equal questions have one vector and one place in the caches.
	q.Text = strings.ToValidUTF8(strings.ReplaceAll(q.Text, "\x00", " "), " ")
	q.Text = strings.Join(strings.Fields(norm.NFC.String(q.Text)), " ")
	return q
}

// intents are those that are likely enough to bring articles in by themselves.
func (q Query) intents() []string {
	names := []string{}
	for _, likely := range q.Intents {
		if likely.Probability >= minIntent {
			names = append(names, likely.Intent)
		}
	}
	return names
}

func (q Query) today() staleness {
	return staleness(q.Now.UTC().Truncate(24 * time.Hour))
}

// staleness is the day, UTC midnight, against which review dates are held.
type staleness time.Time

func (s staleness) stale(reviewBy time.Time) bool {
	return !reviewBy.IsZero() && reviewBy.Before(time.Time(s))
}

// embedQuery returns the vector of a question, from the cache when it was asked before.
func (x *Index) embedQuery(ctx context.Context, text string) (pgvector.HalfVector, error) {
	if vector, ok := x.queries.Get(text); ok {
		return vector, nil
	}
	vectors, err := x.model.embed(ctx, []string{text})
	if err != nil {
		return pgvector.HalfVector{}, err
	}
	vector := pgvector.NewHalfVector(unit(vectors[0]))
	x.queries.Add(strings.Clone(text), vector)
	return vector, nil
}

// about sets what a candidate's article answers of what the question is probably about.
func (c *candidate) about(intents []LikelyIntent) {
	for i, likely := range intents {
		switch slices.Index(c.row.Intents, likely.Intent) {
		case -1:
			continue
		case 0:
			c.intent = max(c.intent, likely.Probability)
		default:
			c.intent = max(c.intent, sideIntent*likely.Probability)
		}
		c.intentMatch = c.intentMatch || i == 0
	}
}
