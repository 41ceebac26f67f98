package retrieval

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func randomVector(random *rand.Rand, dimensions int) []float32 {
	vector := make([]float32, dimensions)
	for i := range vector {
		vector[i] = float32(random.NormFloat64())
	}
	return vector
}

func cosineOf(a, b []float32) float64 {
	return float64(dot(a, b)) / math.Sqrt(float64(dot(a, a)*dot(b, b)))
}

func TestTurningKeepsAngles(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, dimensions := range []int{1, 100, 128, 1536, codeBits} {
		r := newRotation(dimensions)
		a, b := randomVector(random, dimensions), randomVector(random, dimensions)
		require.InDelta(t, cosineOf(a, b), cosineOf(r.turn(a), r.turn(b)), 1e-4, dimensions)
	}
}

// Of a vector that is longer than a code, a part of what comes out is left, and the angle is that of all but for chance.
func TestCodesTellTheCosine(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for _, dimensions := range []int{128, 768, 1536, 3072, maxDimensions} {
		r := newRotation(dimensions)
		question := randomVector(random, dimensions)
		for _, share := range []float64{0, 0.3, 0.9} {
			vector := randomVector(random, dimensions)
			for i := range vector {
				vector[i] += float32(share) * 3 * question[i]
			}
			// One component says nearly all, as where words are hashed to components: what comes out says it in each.
			vector[dimensions/2] += 5
			a := r.ask(question)
			h, c := r.codeOf(vector)
			exact := cosineOf(question, vector)
			turned := r.turn(question)
			scale := math.Sqrt(float64(dot(turned, turned)) * codeBits)
			const slack = 0.07 // three standard deviations of 2,048 signs
			require.InDelta(t, exact, float64(a.similarity(&h, &c))/scale, slack, fmt.Sprint(dimensions, share))
			require.InDelta(t, math.Acos(exact)/math.Pi, float64(h.distance(&a.head)+c.distance(&a.tail))/codeBits, slack, fmt.Sprint(dimensions, share))
		}
	}
}

func TestAVectorOfZerosHasNoCode(t *testing.T) {
	t.Parallel()
	_, c := newRotation(8).codeOf(make([]float32, 8))
	require.Zero(t, c.scale)
}

// near returns the ids of the passages that codes find for a question.
func (x *Index) near(t *testing.T, query Query) []int64 {
	t.Helper()
	s := x.prepare(t, query)
	places, _, err := x.byVectors(t.Context(), s)
	require.NoError(t, err)
	ids := make([]int64, len(places))
	for i, place := range places {
		ids[i] = s.view.passages[place].id
	}
	return ids
}

func TestCodesFollowTheKnowledgeBaseAndItsVectors(t *testing.T) {
	t.Parallel()
	const question = "w900x w1700x"
	index := syntheticIndex(t, 50, 16)
	query := Query{Locale: "en", Now: time.Unix(0, 0), Text: question}
	exact := func() []int64 {
		s := index.prepare(t, query)
		rows, err := index.pool.Query(t.Context(), `SELECT passage_id FROM embeddings WHERE model_id = $1`, s.modelID)
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.NoError(t, err)
		return ids
	}
	require.ElementsMatch(t, exact(), index.near(t, query), "there are fewer than are looked at")

	first := exact()[0]
	_, err := index.pool.Exec(t.Context(), `DELETE FROM articles WHERE id = (SELECT article_id FROM passages WHERE id = $1)`, first)
	require.NoError(t, err)
	a := Article{Audience: AudiencePublic, Body: question, Locale: "en", Slug: "new", Status: StatusPublished, Title: "New"}
	_, err = index.Save(t.Context(), Edit{Actor: "test", Article: a})
	require.NoError(t, err)
	_, err = index.Apply(t.Context(), a.Slug, a.Locale)
	require.NoError(t, err)
	require.ElementsMatch(t, exact(), index.near(t, query), "one has gone and one has come")
	require.NotContains(t, exact(), first)

	// Another model's vectors come one after the other, and no article changes.
	other, err := index.WithModel(EmbeddingModel{Dimensions: 16, Embed: index.model.Embed, Name: "other"})
	require.NoError(t, err)
	_, err = other.Register(t.Context())
	require.NoError(t, err)
	index = other
	require.Empty(t, other.near(t, query))
	require.NoError(t, other.StandBy(t.Context()))
	require.ElementsMatch(t, exact(), other.near(t, query))
}

// A place is of one article at one version; a view of an earlier version goes on with what it has.
func TestCodesOfAnEarlierVersionStay(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 20, 8)
	query := Query{Locale: "en", Now: time.Unix(0, 0), Text: "w900x"}
	before := index.prepare(t, query)
	all, _, err := index.byVectors(t.Context(), before)
	require.NoError(t, err)
	_, err = index.pool.Exec(t.Context(), `DELETE FROM articles WHERE slug = 'a1'`)
	require.NoError(t, err)
	require.Len(t, index.near(t, query), len(all)-1)
	again, _, err := index.byVectors(t.Context(), before)
	require.NoError(t, err)
	require.Equal(t, all, again)
}

// A knowledge base of several shards, each with some of the nearest, and some of a language that is rare.
func TestShardsTogetherFindWhatIsNearest(t *testing.T) {
	t.Parallel()
	const dimensions, passages, rare, gone = 32, 2*shardSize + 1000, 50, 7
	random, turned := rand.New(rand.NewPCG(5, 6)), newRotation(dimensions)
	c := &coded{heads: make([]head, passages), tails: make([]tail, passages)}
	v := &view{alive: make([]bool, passages), articles: make([]mirroredArticle, 1), languages: make([]uint8, passages), names: []string{"en", "ar"}}
	v.passages = make([]mirroredPassage, passages)
	vectors := make([][]float32, passages)
	for place := range passages {
		vectors[place] = randomVector(random, dimensions)
		c.heads[place], c.tails[place] = turned.codeOf(vectors[place])
		v.alive[place] = place%gone != 0
		if place%rare == 1 {
			v.languages[place] = 1
		}
	}
	s := search{query: Query{Locale: "ar"}, view: v}
	s.overview.locales = map[string]statistics{"ar": {passages: passages / rare}, "en": {passages: passages - passages/rare}}
	for range 3 {
		question := randomVector(random, dimensions)
		cosines := make([]float64, passages)
		for place, vector := range vectors {
			cosines[place] = cosineOf(question, vector)
		}
		nearest := func(language int) []uint32 {
			var places []uint32
			for place, alive := range v.alive {
				if alive && (language < 0 || int(v.languages[place]) == language) {
					places = append(places, uint32(place))
				}
			}
			slices.SortFunc(places, func(x, y uint32) int { return cmp.Compare(cosines[y], cosines[x]) })
			return places[:3]
		}
		all, own := s.byCodes(c, turned.ask(question))
		require.Len(t, all, byCode)
		require.Len(t, own, byCode)
		require.Subset(t, all, nearest(-1))
		require.Subset(t, own, nearest(1))
	}
}

func TestThoseThatMayNotBeSeenHideNoOthers(t *testing.T) {
	t.Parallel()
	const articles = 3 * byHead
	index := syntheticIndex(t, articles, 8)
	query := Query{Locale: "en", Now: time.Unix(0, 0), Text: "w900x w1700x"}
	// One in ten: too few among those that all bits choose. One in a hundred: too few among those that heads choose.
	for ending, found := range map[string]int{"7": byCode, "07": articles/100 - 1} { // a7 has no 0
		_, err := index.pool.Exec(t.Context(), `UPDATE articles
			SET audience = CASE WHEN slug LIKE '%' || $1 THEN 'public' ELSE 'internal' END`, ending)
		require.NoError(t, err)
		require.Len(t, index.near(t, query), found, ending)
	}
	query.Audience = AudienceInternal
	require.Len(t, index.near(t, query), byCode)
}

func BenchmarkCode(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	r, vector := newRotation(benchDimensions), randomVector(random, benchDimensions)
	short, shortVector := newRotation(128), randomVector(random, 128)
	a := r.ask(vector)
	h, c := r.codeOf(vector)
	for _, bench := range []struct {
		name string
		call func()
	}{
		{"Ask", func() { r.ask(vector) }},
		{"Distance", func() { c.distance(&a.tail) }},
		{"Make", func() { r.codeOf(vector) }},
		{"MakeOf128Dimensions", func() { short.codeOf(shortVector) }},
		{"Similarity", func() { a.similarity(&h, &c) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				bench.call()
			}
		})
	}
}
