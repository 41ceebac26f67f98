package evals

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

func TestCollections(t *testing.T) {
	t.Parallel()

	articles := []ArticleRow{
		{Body: "Fees are low.", ID: "a1", Key: "fees?x=1", Lang: "en"},
		{Body: "手续费很低。", ID: "a2", Key: "fees?x=1", Lang: "zh-CN"},
		{Body: "الرسوم منخفضة.", ID: "a3", Key: "fees?x=1", Lang: "ar"},
		{Body: "Ниска такса.", ID: "a4", Key: "fees?x=1", Lang: "bg"},
		{Body: "Withdraw here.", ID: "a5", Key: "withdraw", Lang: "en"},
		{Body: "Withdraw there.", ID: "a6", Key: "withdraw", Lang: "en"},
	}
	questions := []QuestionRow{
		{ID: "q1", Lang: "en", Query: "fees", Relevant: "fees?x=1"},
		{AlsoRelevant: []string{"withdraw", "withdraw", "gone"}, ID: "q2", Lang: "zh", Query: "费用", Relevant: "fees?x=1"},
		{ID: "q3", Lang: "ar", Query: "سحب", Relevant: "withdraw"},
		{ID: "q4", Lang: "bg", Query: "такси", Relevant: "fees?x=1"},
		{ID: "q5", Lang: "not a tag", Query: "?", Relevant: "fees?x=1"},
	}
	type shape struct{ articles, questions []string }
	none := map[string]int{}
	tests := []struct {
		name    string
		options RetrievalOptions
		want    map[string]shape
		left    LeftOut
	}{
		{
			"LanguagesOfTheDeskByDefault",
			RetrievalOptions{},
			map[string]shape{"all": {[]string{"a1", "a2", "a3", "a5", "a6"}, []string{"q1", "q2", "q3"}}},
			LeftOut{Articles: map[string]int{"bg": 1}, Questions: map[string]int{"bg": 1, "not a tag": 1}},
		},
		{
			"ChosenArticlesForAllQuestions",
			RetrievalOptions{DocLangs: []string{"en"}},
			map[string]shape{"en": {[]string{"a1", "a5", "a6"}, []string{"q1", "q2", "q3"}}},
			LeftOut{Articles: none, Questions: map[string]int{"bg": 1, "not a tag": 1}},
		},
		{
			"SeveralLanguagesTogetherInOneCollection",
			RetrievalOptions{DocLangs: []string{"zh-CN", "bg", "zh-Hans"}, QueryLangs: []string{"bg", "zh"}},
			map[string]shape{"zh-Hans+bg": {[]string{"a2", "a4"}, []string{"q2", "q4"}}},
			LeftOut{Articles: none, Questions: none},
		},
		{
			"EachLanguageByItself",
			RetrievalOptions{SameLanguage: true},
			map[string]shape{
				"en": {[]string{"a1", "a5", "a6"}, []string{"q1"}}, "zh-Hans": {[]string{"a2"}, []string{"q2"}},
			},
			LeftOut{Articles: map[string]int{"bg": 1}, Questions: map[string]int{"bg": 1, "not a tag": 1}, Unanswerable: 1},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			collections, left, err := NewCollections(articles, questions, test.options)

			require.NoError(t, err)
			require.Equal(t, test.left, left)
			got := make(map[string]shape)
			for _, c := range collections {
				var s shape
				for _, row := range c.Articles {
					s.articles = append(s.articles, row.ID)
				}
				for _, row := range c.Questions {
					s.questions = append(s.questions, row.ID)
				}
				got[c.Name] = s
			}
			require.Equal(t, test.want, got)
		})
	}

	t.Run("EveryArticleCanBeImportedAndLedBackToItsKey", func(t *testing.T) {
		t.Parallel()

		collections, _, err := NewCollections(articles, questions, RetrievalOptions{})
		require.NoError(t, err)
		slugs := make(map[string][]string)
		for article, err := range collections[0].Import() {
			require.NoError(t, err)
			require.NoError(t, article.Validate())
			key := collections[0].keys[article.Slug]
			slugs[key] = append(slugs[key], article.Slug+" "+article.Locale)
		}
		require.Equal(t, map[string][]string{
			"fees?x=1": {"k0 en", "k0 zh-Hans", "k0 ar"}, "withdraw": {"k1 en", "k1-1 en"},
		}, slugs, "versions of one article share a slug, two articles of one key do not")
		require.Equal(t, []string{"fees?x=1", "withdraw"}, collections[0].Questions[1].right)
	})

	t.Run("NothingToAskIsAnError", func(t *testing.T) {
		t.Parallel()

		_, _, err := NewCollections(articles, questions, RetrievalOptions{QueryLangs: []string{"vi"}})
		require.ErrorContains(t, err, "no question")
		_, _, err = NewCollections(articles, questions, RetrievalOptions{DocLangs: []string{"?"}})
		require.ErrorContains(t, err, `"?" is not a language`)
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()

	tail := func(n int, right string) []string {
		return append(slices.Repeat([]string{"wrong"}, n), right)
	}
	tests := []struct {
		name     string
		keys     []string
		relevant []string
		want     quality
	}{
		{"First", []string{"a", "b"}, []string{"a"}, quality{1, 1, 1, 1, 1}},
		{"Second", []string{"b", "a"}, []string{"a"}, quality{0, 1, 1, 0.5, 1 / math.Log2(3)}},
		{"Fifth", tail(4, "a"), []string{"a"}, quality{0, 1, 1, 0.2, 1 / math.Log2(6)}},
		{"Sixth", tail(5, "a"), []string{"a"}, quality{0, 0, 1, 1.0 / 6, 1 / math.Log2(7)}},
		{"Tenth", tail(9, "a"), []string{"a"}, quality{0, 0, 1, 0.1, 1 / math.Log2(11)}},
		{"EleventhIsTooLate", tail(10, "a"), []string{"a"}, quality{}},
		{"NothingFound", nil, []string{"a"}, quality{}},
		{"BothOfTwo", []string{"b", "a"}, []string{"a", "b"}, quality{1, 1, 1, 1, 1}},
		{"OneOfTwo", []string{"b"}, []string{"a", "b"}, quality{1, 1, 1, 1, 1 / (1 + 1/math.Log2(3))}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			got := judge(test.keys, test.relevant)
			require.InDeltaSlice(t, test.want[:], got[:], 1e-12)
		})
	}
}

func TestFiguresAreMeansWithTheirIntervals(t *testing.T) {
	t.Parallel()

	// 30 of 100 are found at rank 1, and nothing else is found at all.
	all := slices.Concat(slices.Repeat([]quality{{1, 1, 1, 1, 1}}, 30), make([]quality, 70))
	f := newRetrievalFigures(all)

	require.Equal(t, 100, f.N)
	for _, mean := range []float64{f.Recall1, f.Recall5, f.Recall10, f.MRR10, f.NDCG10} {
		require.InDelta(t, 0.3, mean, 1e-9)
	}
	for _, name := range qualityNames {
		require.InDelta(t, 0.3-1.96*math.Sqrt(0.3*0.7/100), f.CI95[name][0], 0.015, "near the normal approximation")
		require.InDelta(t, 0.3+1.96*math.Sqrt(0.3*0.7/100), f.CI95[name][1], 0.015)
	}
	require.Equal(t, f, newRetrievalFigures(all), "the same results have the same intervals")
	require.Equal(t, [2]float64{1, 1}, newRetrievalFigures(all[:30]).CI95["recall@5"])
}

// newScratchIndex returns an empty knowledge base with the built-in embedder.
func newScratchIndex(t *testing.T) *retrieval.Index {
	t.Helper()
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	builtin := embed.New()
	index, err := retrieval.New(retrieval.Config{
		Analyzer: analyzer, Pool: pgtest.DB(t),
		Model: retrieval.EmbeddingModel{Dimensions: embed.Dimensions, Embed: builtin.Embed, Name: builtin.Name()},
	})
	require.NoError(t, err)
	_, err = index.Register(t.Context())
	require.NoError(t, err)
	return index
}

func load(t *testing.T, index *retrieval.Index, c Collection) {
	t.Helper()
	report, err := index.Import(t.Context(), c.Import(), retrieval.ImportOptions{Source: "eval"})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func TestNeutralTitleAddsNoSignal(t *testing.T) {
	t.Parallel()

	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	for _, body := range []string{"Withdrawals take two hours.", "提币需要两个小时。", "يستغرق السحب ساعتين.", "币"} {
		titled := neutralTitle + "\n\n" + body
		require.Equal(t, analyzer.Document(body, "en"), analyzer.Document(titled, "en"))
		vectors, err := embed.New().Embed(t.Context(), []string{body, titled})
		require.NoError(t, err)
		require.Equal(t, vectors[0], vectors[1])
	}
}

func TestTitlesAreFoundOnlyWhenTheyAreAskedFor(t *testing.T) {
	t.Parallel()

	articles := []ArticleRow{
		{Body: "It takes two hours.", ID: "a", Key: "time", Lang: "en", Title: "Zebra"},
		{Body: "It costs nothing.", ID: "b", Key: "cost", Lang: "en", Title: "Giraffe"},
	}
	questions := []QuestionRow{{ID: "q", Lang: "en", Query: "zebra", Relevant: "time"}}
	for name, titles := range map[string]bool{"Bodies": false, "All": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			collections, _, err := NewCollections(articles, questions, RetrievalOptions{Titles: titles})
			require.NoError(t, err)
			index := newScratchIndex(t)
			load(t, index, collections[0])

			results, err := index.Search(t.Context(), retrieval.Query{Locale: "en", Text: "zebra"})
			require.NoError(t, err)
			byTitle := slices.ContainsFunc(results.Hits, func(hit retrieval.Hit) bool { return hit.Evidence.BM25 > 0 })
			require.Equal(t, titles, byTitle)
			require.Equal(t, titles, len(collections[0].baseline()("zebra")) > 0)
		})
	}
}

// TestRetrievalInThreeLanguages runs the whole measurement on the real search.
func TestRetrievalInThreeLanguages(t *testing.T) {
	t.Parallel()

	var articles []ArticleRow
	var questions []QuestionRow
	for _, row := range []struct{ key, lang, body, question string }{
		{"withdrawal", "en", "A withdrawal to another wallet takes up to two hours.", "how long does a withdrawal take"},
		{"fees", "en", "Trading fees are charged on every order.", "trading fees"},
		{"withdrawal", "zh", "提币到其他钱包最多需要两个小时。", "提币要多久"},
		{"fees", "zh", "每笔订单都会收取交易手续费。", "交易手续费"},
		{"withdrawal", "ar", "يستغرق السحب إلى محفظة أخرى ساعتين على الأكثر.", "كم يستغرق السحب"},
		{"fees", "ar", "تُفرض رسوم التداول على كل طلب.", "رسوم التداول"},
	} {
		articles = append(articles, ArticleRow{Body: row.body, ID: row.lang + row.key, Key: row.key, Lang: row.lang})
		questions = append(questions, QuestionRow{ID: row.question, Lang: row.lang, Query: row.question, Relevant: row.key})
	}
	tests := map[string]struct {
		options RetrievalOptions
		pairs   []string
		bm25    float64 // recall@1
	}{
		"SameLanguage": {RetrievalOptions{SameLanguage: true}, []string{"ar>ar", "en>en", "zh-Hans>zh-Hans"}, 1},
		"Together":     {RetrievalOptions{}, []string{"ar>all", "en>all", "zh-Hans>all"}, 1},
		"Across": {
			RetrievalOptions{DocLangs: []string{"en"}, QueryLangs: []string{"zh-Hans", "ar"}}, []string{"ar>en", "zh-Hans>en"}, 0,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			collections, _, err := NewCollections(articles, questions, test.options)
			require.NoError(t, err)
			var found []Found
			var asked atomic.Int64
			for _, c := range collections {
				index := newScratchIndex(t)
				load(t, index, c)
				searcher := Searcher{Clock: time.Now, Parallel: 2, Progress: func() { asked.Add(1) }, Search: index.Search}
				some, err := searcher.Ask(t.Context(), c)
				require.NoError(t, err)
				found = append(found, some...)
			}
			report := NewRetrievalReport(found)

			require.Equal(t, 2*len(test.pairs), report.N)
			require.EqualValues(t, report.N, asked.Load())
			require.InDelta(t, 1, report.Recall1, 1e-9, "the termbase leads across languages")
			require.InDelta(t, test.bm25, report.BM25.Recall1, 1e-9)
			require.ElementsMatch(t, test.pairs, slices.Collect(maps.Keys(report.Pairs)))
			require.Equal(t, 2, report.Pairs[test.pairs[0]].N)
			require.Positive(t, report.P50)
			var table bytes.Buffer
			require.NoError(t, report.WriteTable(&table))
			require.Contains(t, table.String(), "100.0 (100-100)")
		})
	}
}

func TestRetrievalReportAsJSON(t *testing.T) {
	t.Parallel()

	report := NewRetrievalReport([]Found{{pair: "ru>en", search: quality{1, 1, 1, 1, 1}}, {pair: "ko>en"}})
	encoded, err := json.Marshal(report)
	require.NoError(t, err)
	var decoded map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(encoded, &decoded))
	figures := []string{"n", "recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10", "ci95"}

	members := func(raw []byte) []string {
		var object map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &object))
		return slices.Collect(maps.Keys(object))
	}
	require.ElementsMatch(t, append([]string{"bm25", "pairs"}, figures...), members(encoded))
	require.ElementsMatch(t, figures, members(decoded["bm25"]))
	var pairs map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(decoded["pairs"], &pairs))
	require.ElementsMatch(t, append([]string{"bm25"}, figures...), members(pairs["ru>en"]))
	require.JSONEq(t, `0.5`, string(decoded["recall@5"]))
	require.Contains(t, string(decoded["ci95"]), `"recall@5":[0,1]`)
}

func TestAskEndsWithTheSearch(t *testing.T) {
	t.Parallel()

	collections, _, err := NewCollections(
		[]ArticleRow{{Body: "x", Key: "a", Lang: "en"}}, []QuestionRow{{ID: "q7", Lang: "en", Query: "x", Relevant: "a"}}, RetrievalOptions{})
	require.NoError(t, err)
	broken := errors.New("broken")
	tests := map[string]func(context.Context, retrieval.Query) (retrieval.Results, error){
		"SearchFails": func(context.Context, retrieval.Query) (retrieval.Results, error) { return retrieval.Results{}, broken },
		"EmbeddingModelIsGone": func(context.Context, retrieval.Query) (retrieval.Results, error) {
			return retrieval.Results{Degraded: broken}, nil
		},
	}
	for name, search := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := Searcher{Clock: time.Now, Search: search}.Ask(t.Context(), collections[0])
			require.ErrorIs(t, err, broken)
			require.ErrorContains(t, err, "q7")
		})
	}
}
