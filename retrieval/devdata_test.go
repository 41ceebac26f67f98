package retrieval_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/deskhand/deskhand/retrieval"
)

// devDataVariable names the folder of public evaluation sets: kb/<set>/{kb,queries}.jsonl.
const devDataVariable = "DESKHAND_DEV_DATA"

type devArticle struct {
	Body string `json:"body"`
	Key  string `json:"key"`
	Lang string `json:"lang"`
}

type devQuery struct {
	Also []string `json:"also_relevant_keys"`
	Key  string   `json:"relevant_key"`
	Lang string   `json:"lang"`
	Text string   `json:"query"`
}

func (q devQuery) found(keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return key == q.Key || slices.Contains(q.Also, key) })
}

func readLines[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	var all []T
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var row T
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		all = append(all, row)
	}
	require.NoError(t, lines.Err())
	return all
}

// TestRecallOnPublicSets measures recall@5 with the built-in embedder on bodies only: a query is the title of its article.
func TestRecallOnPublicSets(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(devDataVariable)
	if folder == "" {
		t.Skipf("set %s to the folder of the public evaluation sets to measure recall: docs/data-sources.md says what that is and where to get it", devDataVariable)
	}
	desk := []string{"ar", "de", "en", "es", "fr", "id", "ja", "ko", "pt", "ru", "tr", "vi", "zh-Hans", "zh-Hant"}
	for _, set := range []string{"bitcoin_faq", "eth_support", "en_wallet_support"} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			bases := make(map[string][]devArticle)
			for _, a := range readLines[devArticle](t, filepath.Join(folder, "kb", set, "kb.jsonl")) {
				if locale, ok := retrieval.Locale(a.Lang); ok && slices.Contains(desk, locale) {
					bases[locale] = append(bases[locale], a)
				}
			}
			queries := make(map[string][]devQuery)
			for _, q := range readLines[devQuery](t, filepath.Join(folder, "kb", set, "queries.jsonl")) {
				locale, _ := retrieval.Locale(q.Lang)
				queries[locale] = append(queries[locale], q)
			}
			var same, plain, across tally
			for _, locale := range slices.Sorted(maps.Keys(bases)) {
				kb := newKnowledgeBase(t)
				loadBodies(kb, locale, bases[locale])
				baseline := newPlainBM25(bases[locale])
				for _, q := range queries[locale] {
					same.add(q.found(slugs(kb.search(retrieval.Query{Locale: locale, Text: q.Text}))))
					plain.add(q.found(baseline.top(q.Text, 5)))
				}
				if locale != "en" {
					continue
				}
				for _, other := range desk {
					for _, q := range queries[other] {
						if other != "en" {
							across.add(q.found(slugs(kb.search(retrieval.Query{Locale: other, Text: q.Text}))))
						}
					}
				}
			}
			t.Logf("same language: %.3f (plain BM25 %.3f) of %d; across languages: %.3f of %d", same.share(), plain.share(), same.all, across.share(), across.all)
			require.Greater(t, same.share(), plain.share())
		})
	}
}

func loadBodies(kb knowledgeBase, locale string, bodies []devArticle) {
	var articles []retrieval.Article
	for _, b := range bodies {
		articles = append(articles, article(b.Key, locale, "…", b.Body))
	}
	report, err := kb.Import(kb.t.Context(), sequence(articles...), retrieval.ImportOptions{Source: "dev"})
	require.NoError(kb.t, err)
	require.LessOrEqual(kb.t, len(report.Problems), len(articles)/20, "%v", report.Problems)
}

// tally counts questions whose article was found.
type tally struct {
	all   int
	found int
}

func (c *tally) add(found bool) {
	c.all++
	if found {
		c.found++
	}
}

func (c *tally) share() float64 { return float64(c.found) / float64(max(c.all, 1)) }

// plainBM25 is the textbook baseline: lower-case words, or bigrams of characters for scripts without spaces.
type plainBM25 struct {
	counts []map[string]float64
	keys   []string
	length []float64
	mean   float64
	with   map[string]float64
}

var plainWord = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}ー]+|[\p{L}\p{N}\p{M}]+`)

var plainUnspaced = regexp.MustCompile(`^[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}ー]`)

func plainTerms(text string) []string {
	var terms []string
	for _, word := range plainWord.FindAllString(strings.ToLower(norm.NFKC.String(text)), -1) {
		runes := []rune(word)
		if !plainUnspaced.MatchString(word) || len(runes) == 1 {
			terms = append(terms, word)
			continue
		}
		for i := range len(runes) - 1 {
			terms = append(terms, string(runes[i:i+2]))
		}
	}
	return terms
}

func newPlainBM25(articles []devArticle) *plainBM25 {
	b := &plainBM25{with: make(map[string]float64)}
	for _, a := range articles {
		counts := make(map[string]float64)
		terms := plainTerms(a.Body)
		for _, term := range terms {
			counts[term]++
		}
		for term := range counts {
			b.with[term]++
		}
		b.counts, b.keys, b.length = append(b.counts, counts), append(b.keys, a.Key), append(b.length, float64(len(terms)))
		b.mean += float64(len(terms)) / float64(len(articles))
	}
	return b
}

func (b *plainBM25) top(query string, n int) []string {
	scores := make([]float64, len(b.keys))
	order := make([]int, len(b.keys))
	for i := range b.keys {
		order[i] = i
		for _, term := range plainTerms(query) {
			f := b.counts[i][term]
			idf := math.Log(1 + (float64(len(b.keys))-b.with[term]+0.5)/(b.with[term]+0.5))
			scores[i] += idf * f * 2.2 / (f + 1.2*(0.25+0.75*b.length[i]/b.mean))
		}
	}
	slices.SortStableFunc(order, func(x, y int) int {
		if scores[x] > scores[y] {
			return -1
		}
		if scores[x] < scores[y] {
			return 1
		}
		return 0
	})
	var keys []string
	for _, i := range order[:min(n, len(order))] {
		keys = append(keys, b.keys[i])
	}
	return keys
}
