package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// syntheticWords is the size of the vocabulary of synthetic articles; the n-th word is 1/n as frequent as the first.
const syntheticWords = 5000

// synthetic returns n articles of one passage each of 60 words, nine of ten in English, the same ones every time.
func synthetic(n int) func(yield func(Article, error) bool) {
	return func(yield func(Article, error) bool) {
		random := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			locale := "en"
			if i%10 == 0 {
				locale = "es"
			}
			a := Article{Audience: AudiencePublic, Locale: locale, Slug: fmt.Sprint("a", i), Status: StatusPublished, Title: syntheticText(random, 3), Body: syntheticText(random, 60)}
			if !yield(a, nil) {
				return
			}
		}
	}
}

func syntheticText(random *rand.Rand, words int) string {
	text := make([]string, words)
	for i := range text {
		rank := int(math.Exp(random.Float64() * math.Log(syntheticWords)))
		text[i] = fmt.Sprintf("w%dx", rank)
	}
	return strings.Join(text, " ")
}

// hashModel gives each text a random direction of its own.
func hashModel(dimensions int) EmbeddingModel {
	return EmbeddingModel{
		Dimensions: dimensions,
		Embed: func(_ context.Context, texts []string) ([][]float32, error) {
			vectors := make([][]float32, len(texts))
			for i, text := range texts {
				h := fnv.New64a()
				_, _ = h.Write([]byte(text))
				random := rand.New(rand.NewPCG(h.Sum64(), 0))
				vectors[i] = make([]float32, dimensions)
				for j := range vectors[i] {
					vectors[i][j] = float32(random.NormFloat64())
				}
			}
			return vectors, nil
		},
		Name: "hash",
	}
}

func syntheticIndex(t testing.TB, articles, dimensions int) *Index {
	t.Helper()
	analyzer, err := NewAnalyzer()
	require.NoError(t, err)
	index, err := New(Config{Analyzer: analyzer, Model: hashModel(dimensions), Pool: pgtest.DB(t)})
	require.NoError(t, err)
	_, err = index.Register(t.Context())
	require.NoError(t, err)
	report, err := index.Import(t.Context(), synthetic(articles), ImportOptions{Source: "synthetic"})
	require.NoError(t, err)
	require.Equal(t, articles, report.Added)
	_, err = index.pool.Exec(t.Context(), `ANALYZE articles, passages, passage_terms, embeddings`)
	require.NoError(t, err)
	return index
}

// prepare returns a search as Search would run it.
func (x *Index) prepare(t testing.TB, query Query) search {
	t.Helper()
	query = query.normalised()
	terms := newQueryTerms(x.analyzer.Query(query.Text, query.Locale))
	version, err := x.Version(t.Context())
	require.NoError(t, err)
	view, err := x.mirror.renew(t.Context(), x.pool, version)
	require.NoError(t, err)
	vector, err := x.embedQuery(t.Context(), query.Text)
	require.NoError(t, err)
	return search{modelID: x.modelID.Load(), overview: view.overview(terms), pool: x.pool, query: query, shown: preferred(query.Locale, "en"), terms: terms, vector: vector, view: view}
}

func TestVectorsAreComparedByTheirKeys(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 2000, 1536)
	vector := pgvector.NewHalfVector(make([]float32, 1536))
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		err := pgx.BeginFunc(t.Context(), index.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `SELECT set_config('plan_cache_mode', $1, true)`, mode); err != nil {
				return err
			}
			args := pgx.NamedArgs{"ids": make([]int64, byCode), "model": index.modelID.Load(), "vector": vector}
			rows, err := tx.Query(t.Context(), "EXPLAIN (COSTS OFF) "+distances, args)
			if err != nil {
				return err
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NotContains(t, strings.Join(lines, "\n"), "Seq Scan on embeddings", mode)
			return err
		})
		require.NoError(t, err)
	}
}

// bruteForce is BM25 by its definition over all passages of one language.
func bruteForce(t *testing.T, index *Index, locale string, terms queryTerms) map[int64]float64 {
	t.Helper()
	type passage struct {
		id     int64
		text   string
		length int
		counts map[string]int
	}
	rows, err := index.pool.Query(t.Context(), `
		SELECT p.id, repeat(a.title || E'\n', $2) || a.title || E'\n\n' || p.body FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.locale = $1`,
		locale, titleRepeats)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (passage, error) {
		var p passage
		err := row.Scan(&p.id, &p.text)
		d := index.analyzer.Document(p.text, locale)
		p.counts, p.length = d.Counts, d.Length
		return p, err
	})
	require.NoError(t, err)
	mean, with := 0.0, make(map[string]float64)
	for _, p := range all {
		mean += float64(p.length) / float64(len(all))
		for term := range p.counts {
			with[term]++
		}
	}
	scores := make(map[int64]float64)
	for _, p := range all {
		for id, name := range terms.names {
			f := float64(p.counts[name])
			idf := math.Log(1 + (float64(len(all))-with[name]+0.5)/(with[name]+0.5))
			scores[p.id] += terms.counts[id] * idf * f * 2.2 / (f + 1.2*(0.25+0.75*float64(p.length)/mean))
		}
	}
	return scores
}

func TestLexicalScoresAreExactBM25(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 600, 4)
	for _, text := range []string{"w900x w1700x w3000x", "w2x w50x w777x", "w1x w2x w3x"} {
		s := index.prepare(t, Query{Locale: "en", Text: text})
		exact := bruteForce(t, index, "en", s.terms)
		found, version, err := index.findCandidates(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, s.view.version, version)
		scores := make(map[int64]float64)
		for _, c := range found {
			if c.row.Locale == "en" {
				require.InDelta(t, exact[c.row.PassageID], c.bm25, 1e-9)
				scores[c.row.PassageID] = c.bm25
			}
		}
		best := slices.SortedFunc(maps.Keys(exact), func(a, b int64) int {
			return cmp.Or(cmp.Compare(exact[b], exact[a]), cmp.Compare(a, b))
		})
		for _, id := range best[:armLimit/2] {
			if exact[id] > 0 {
				require.Contains(t, scores, id, "the best passages must be among the candidates of %q", text)
			}
		}
	}
}

func TestCandidatesHoldTheNearestOfARareLanguage(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 1000, 16)
	s := index.prepare(t, Query{Locale: "es", Text: "w900x w1700x"})
	rows, _, err := index.findCandidates(t.Context(), s)
	require.NoError(t, err)
	found := make(map[int64]bool)
	for _, row := range rows {
		found[row.row.PassageID] = true
	}
	exact, err := index.pool.Query(t.Context(), `
		SELECT passage_id FROM embeddings WHERE locale = 'es' ORDER BY embedding::halfvec(16) <=> $1::halfvec(16), passage_id LIMIT 20`,
		pgvector.NewHalfVector(s.vector.Slice()))
	require.NoError(t, err)
	nearest, err := pgx.CollectRows(exact, pgx.RowTo[int64])
	require.NoError(t, err)
	missed := 0
	for _, id := range nearest {
		if !found[id] {
			missed++
		}
	}
	require.LessOrEqual(t, missed, 1)
}

func BenchmarkSearch(b *testing.B) {
	index := syntheticIndex(b, 5000, 384)
	random := rand.New(rand.NewPCG(3, 4))
	var queries []Query
	for range 200 {
		queries = append(queries, Query{Locale: "en", Now: time.Unix(0, 0), Text: syntheticText(random, 8)})
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := index.Search(b.Context(), queries[i%len(queries)]); err != nil {
			b.Fatal(err)
		}
	}
}
