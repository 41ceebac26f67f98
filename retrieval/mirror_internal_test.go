package retrieval

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// mirrorWords are words of each language, all of which share the last.
var mirrorWords = map[string][]string{
	"ar":      {"سحب", "إيداع", "رسوم", "محفظة", "شبكة", "usdt"},
	"en":      {"withdrawal", "deposit", "fee", "wallet", "network", "usdt"},
	"ko":      {"출금", "입금", "수수료", "지갑", "네트워크", "usdt"},
	"th":      {"ถอนเงิน", "ฝากเงิน", "ค่าธรรมเนียม", "กระเป๋า", "เครือข่าย", "usdt"},
	"zh-Hans": {"提币", "充值", "手续费", "钱包", "网络", "usdt"},
}

// mirroredBase is an empty knowledge base.
func mirroredBase(t *testing.T) *Index {
	t.Helper()
	analyzer, err := NewAnalyzer()
	require.NoError(t, err)
	index, err := New(Config{Analyzer: analyzer, Model: hashModel(4), Pool: pgtest.DB(t)})
	require.NoError(t, err)
	_, err = index.Register(t.Context())
	require.NoError(t, err)
	return index
}

// randomArticle is one of a few, as it might be edited.
func randomArticle(random *rand.Rand, locale string) Article {
	words := mirrorWords[locale]
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(words[random.IntN(len(words))] + " ")
		}
		return strings.TrimSpace(b.String())
	}
	a := Article{Audience: AudiencePublic, Locale: locale, Slug: fmt.Sprint("a", random.IntN(8)), Status: StatusPublished, Title: text(2)}
	for section := range 1 + random.IntN(3) {
		a.Body += fmt.Sprintf("## %s %d\n\n%s.\n\n", words[0], section, text(5+random.IntN(20)))
	}
	switch random.IntN(6) {
	case 0:
		a.Audience = AudienceInternal
	case 1:
		a.ReviewBy = time.Date(2026, 1, 1+random.IntN(3), 0, 0, 0, 0, time.UTC)
	case 2:
		a.Jurisdictions = []string{"DE", "US"}[:1+random.IntN(2)]
	case 3:
		a.Status = StatusArchived
	case 4:
		a.Intents = []string{"withdrawal.pending"}
	}
	return a
}

// seenBy are the bodies and scores that a view gives to questions of some customers.
func seenBy(t *testing.T, index *Index, v *view) []string {
	t.Helper()
	var seen []string
	for _, locale := range slices.Sorted(maps.Keys(mirrorWords)) {
		for _, query := range []Query{
			{Now: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
			{Now: time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC), Jurisdiction: "US"},
			{Audience: AudienceInternal, Now: time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)},
		} {
			query.Locale, query.Text = locale, strings.Join(mirrorWords[locale], " ")
			query.Intents = []LikelyIntent{{Intent: "withdrawal.pending", Probability: 1}}
			query = query.normalised()
			s := search{degraded: true, query: query, shown: preferred(locale, "en"), terms: newQueryTerms(index.analyzer.Query(query.Text, locale)), view: v}
			s.overview = v.overview(s.terms)
			best, own := s.byWords(v.lists(s.terms, s.overview))
			for _, w := range append(best, own...) {
				seen = append(seen, fmt.Sprintf("%d %.9f", v.passages[w.place].id, w.score))
			}
			var brought []string // in no order
			for _, place := range append(v.about(query.intents(), s.shown, query.sight()), v.siblings(placesOf(best), s.shown)...) {
				brought = append(brought, fmt.Sprint(v.passages[place].id, v.ordinal(place)))
			}
			seen = append(seen, slices.Sorted(slices.Values(brought))...)
		}
	}
	return seen
}

func TestAMirrorThatFollowedIsAsOneThatIsMadeAnew(t *testing.T) {
	t.Parallel()
	index, random := mirroredBase(t), rand.New(rand.NewPCG(5, 6))
	ctx := t.Context()
	for step := range 40 {
		locales := slices.Sorted(maps.Keys(mirrorWords))
		locale := locales[random.IntN(len(locales))]
		if step%10 == 9 {
			_, err := index.pool.Exec(ctx, `DELETE FROM articles WHERE slug = 'a1'`)
			require.NoError(t, err)
		} else {
			_, err := index.Import(ctx, func(yield func(Article, error) bool) { yield(randomArticle(random, locale), nil) }, ImportOptions{Source: "test"})
			require.NoError(t, err)
		}
		version, err := index.Version(ctx)
		require.NoError(t, err)
		followed, err := index.mirror.renew(ctx, index.pool, version)
		require.NoError(t, err)
		require.Equal(t, version, followed.version)
		var other mirror
		anew, err := other.renew(ctx, index.pool, 0)
		require.NoError(t, err)
		require.Equal(t, anew.locales, followed.locales)
		require.Equal(t, seenBy(t, index, anew), seenBy(t, index, followed))
	}
}

func TestStatisticsAreWhatPassagesHave(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 300, 4)
	v, err := index.mirror.renew(t.Context(), index.pool, 0)
	require.NoError(t, err)
	terms := newQueryTerms(index.analyzer.Query("w1x w2x w50x w777x w3000x nothing", "en"))
	o := v.overview(terms)
	for id := range terms.counts {
		for locale, s := range o.locales {
			var n, passages, mean float64
			require.NoError(t, index.pool.QueryRow(t.Context(), `
				SELECT count(*) FILTER (WHERE $1 = ANY(term_ids)), count(*), avg(length)::float8 FROM passage_terms WHERE locale = $2`, id, locale).
				Scan(&n, &passages, &mean))
			require.InDelta(t, n, s.with[id], 0, locale)
			require.InDelta(t, passages, s.passages, 0)
			require.InDelta(t, mean, s.meanLength, 1e-9)
		}
	}
}

// A search that has begun ends with the version that it began with, while others renew the mirror.
func TestAViewStaysAsItIs(t *testing.T) {
	t.Parallel()
	index, random := mirroredBase(t), rand.New(rand.NewPCG(7, 8))
	load := func() {
		_, err := index.Import(t.Context(), func(yield func(Article, error) bool) {
			for i := range 20 {
				a := randomArticle(random, "en")
				a.Slug, a.Status = fmt.Sprint("a", i), StatusPublished
				if !yield(a, nil) {
					return
				}
			}
		}, ImportOptions{Source: "test"})
		require.NoError(t, err)
	}
	load()
	first, err := index.mirror.renew(t.Context(), index.pool, 0)
	require.NoError(t, err)
	before, ids := seenBy(t, index, first), []int64{}
	for _, p := range first.passages {
		ids = append(ids, p.id)
	}
	var renewing sync.WaitGroup
	for range 4 {
		load()
		for range 3 {
			renewing.Go(func() {
				version, err := index.Version(t.Context())
				if err == nil {
					_, err = index.mirror.renew(t.Context(), index.pool, version)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		if got := seenBy(t, index, first); !slices.Equal(before, got) {
			t.Error("the first view has changed")
		}
		for i, id := range ids {
			if place, ok := first.placeOf(id); !ok || int(place) != i {
				t.Error("the first view has lost a passage")
			}
		}
		renewing.Wait()
	}
	last, err := index.mirror.renew(t.Context(), index.pool, 0)
	require.NoError(t, err)
	require.Greater(t, last.version, first.version)
	require.NotEqual(t, before, seenBy(t, index, last))
	require.LessOrEqual(t, float64(last.gone), 2*mostGone*float64(len(last.passages)), "it is made anew when much of it is gone")
}

// What is not read must not be searched: neither nothing nor what was there before.
func TestASearchThatCannotReadTheNewestVersionFails(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 20, 4)
	query := Query{Locale: "en", Now: time.Unix(0, 0), Text: "w1x w2x"}
	before, err := index.Search(t.Context(), query)
	require.NoError(t, err)
	_, err = index.pool.Exec(t.Context(), `DELETE FROM articles WHERE slug = 'a1'; ALTER TABLE passage_terms RENAME TO elsewhere;
		UPDATE articles SET audience = 'internal'`)
	require.NoError(t, err)
	_, err = index.Search(t.Context(), query)
	require.ErrorContains(t, err, "mirror knowledge base")
	_, err = index.pool.Exec(t.Context(), `ALTER TABLE elsewhere RENAME TO passage_terms`)
	require.NoError(t, err)
	after, err := index.Search(t.Context(), query)
	require.NoError(t, err)
	require.NotEmpty(t, before.Hits)
	require.Empty(t, after.Hits, "all of them are the desk's own now")
}

func TestBeforeOfIsABinarySearch(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for _, spread := range []int{1, 3, 1000} {
		for n := range 40 {
			var list []posting
			place := uint32(random.IntN(5))
			for range n {
				list = append(list, newPosting(place, 1))
				place += 1 + uint32(random.IntN(spread)*random.IntN(spread))
			}
			for wanted := range min(place, 3000) + 2 {
				at, _ := slices.BinarySearchFunc(list, wanted, func(p posting, place uint32) int { return cmp.Compare(p.place(), place) })
				require.Equal(t, at, beforeOf(list, wanted), "%d in %v", wanted, list)
			}
		}
	}
}
