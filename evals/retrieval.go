package evals

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/retrieval"
)

// ArticleRow is a text to find.
type ArticleRow struct {
	Body  string `json:"body"`
	ID    string `json:"id"`
	Key   string `json:"key"` // the same in every language
	Lang  string `json:"lang"`
	Title string `json:"title"`
}

// QuestionRow is a question and the keys of what answers it: any of them is right.
type QuestionRow struct {
	AlsoRelevant []string `json:"also_relevant_keys"`
	ID           string   `json:"id"`
	Lang         string   `json:"lang"`
	Query        string   `json:"query"`
	Relevant     string   `json:"relevant_key"`

	right []string // the keys that the collection has
}

// RetrievalOptions say what is searched for what.
type RetrievalOptions struct {
	DocLangs     []string // tags; those of lang.Supported when empty
	QueryLangs   []string // as DocLangs
	SameLanguage bool     // each question among the articles of its own language only
	Titles       bool     // index titles too; the questions of the public sets are titles, so this makes it easy
}

// LeftOut counts rows that are not measured, by language: without a choice of languages, those that are none of the desk's.
type LeftOut struct {
	Articles     map[string]int // by language
	Questions    map[string]int
	Unanswerable int // questions without a relevant article in their collection
}

// Collection is a knowledge base and the questions asked of it.
type Collection struct {
	Articles  []ArticleRow // Lang is as retrieval.Locale returns it
	Name      string       // the languages of the articles, joined by "+"; "all" when none were chosen
	Questions []QuestionRow

	keys   map[string]string // by the slug that an article is imported under
	slugs  []string          // of Articles
	titles bool
}

// neutralTitle stands in for a title that must not be found: an article needs one, and this has no term.
const neutralTitle = "…"

// NewCollections sorts a data set into what is searched together. Rows keep their order.
func NewCollections(articles []ArticleRow, questions []QuestionRow, options RetrievalOptions) ([]Collection, LeftOut, error) {
	left := LeftOut{Articles: make(map[string]int), Questions: make(map[string]int)}
	articleLangs, err := languages(options.DocLangs)
	if err != nil {
		return nil, left, err
	}
	questionLangs, err := languages(options.QueryLangs)
	if err != nil {
		return nil, left, err
	}
	byName := make(map[string]*Collection)
	of := func(locale string) *Collection {
		name := cmp.Or(strings.Join(articleLangs, "+"), "all")
		if options.SameLanguage {
			name = locale
		}
		if byName[name] == nil {
			byName[name] = &Collection{Name: name, titles: options.Titles}
		}
		return byName[name]
	}
	for _, row := range articles {
		if row.Lang = choose(row.Lang, articleLangs, left.Articles); row.Lang != "" {
			of(row.Lang).Articles = append(of(row.Lang).Articles, row)
		}
	}
	for _, row := range questions {
		if row.Lang = choose(row.Lang, questionLangs, left.Questions); row.Lang != "" {
			of(row.Lang).Questions = append(of(row.Lang).Questions, row)
		}
	}
	var asked []Collection
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		c, unanswerable := byName[name].prepared()
		left.Unanswerable += unanswerable
		if len(c.Questions) > 0 {
			asked = append(asked, c)
		}
	}
	if len(asked) == 0 {
		return nil, left, errors.New("no question in the chosen languages has an article in them")
	}
	return asked, left, nil
}

// languages returns tags as the knowledge base keeps them.
func languages(tags []string) ([]string, error) {
	var locales []string
	for _, tag := range tags {
		locale, ok := retrieval.Locale(tag)
		if !ok {
			return nil, fmt.Errorf("%q is not a language: use tags like en or zh-Hans", tag)
		}
		if !slices.Contains(locales, locale) {
			locales = append(locales, locale)
		}
	}
	return locales, nil
}

// choose returns the language of a row when it is among those chosen, or without a choice among the desk's. Rows in other
// languages are counted only then: whoever names languages knows that the others stay out.
func choose(tag string, chosen []string, left map[string]int) string {
	locale, ok := retrieval.Locale(tag)
	switch {
	case ok && slices.Contains(chosen, locale), ok && len(chosen) == 0 && slices.Contains(lang.Supported(), locale):
		return locale
	case len(chosen) == 0:
		left[tag]++
	}
	return ""
}

// prepared gives every article a slug that the importer takes and that says nothing, whatever its key looks like, and drops
// the questions that nothing answers. It returns how many those are.
func (c Collection) prepared() (prepared Collection, unanswerable int) {
	c.keys = make(map[string]string)
	numbers := make(map[string]int) // by key
	seen := make(map[[2]string]int) // by key and language
	for _, row := range c.Articles {
		if _, ok := numbers[row.Key]; !ok {
			numbers[row.Key] = len(numbers)
		}
		slug := "k" + strconv.Itoa(numbers[row.Key])
		if again := seen[[2]string{row.Key, row.Lang}]; again > 0 {
			slug += "-" + strconv.Itoa(again) // several texts under one key are several articles
		}
		seen[[2]string{row.Key, row.Lang}]++
		c.keys[slug] = row.Key
		c.slugs = append(c.slugs, slug)
	}
	before := len(c.Questions)
	for i, q := range c.Questions {
		for _, key := range append([]string{q.Relevant}, q.AlsoRelevant...) {
			if _, ok := numbers[key]; ok && !slices.Contains(c.Questions[i].right, key) {
				c.Questions[i].right = append(c.Questions[i].right, key)
			}
		}
	}
	c.Questions = slices.DeleteFunc(c.Questions, func(q QuestionRow) bool { return len(q.right) == 0 })
	return c, before - len(c.Questions)
}

// Import yields the articles as the importer takes them. Problems name them by their ids.
func (c Collection) Import() iter.Seq2[retrieval.Article, error] {
	return func(yield func(retrieval.Article, error) bool) {
		for i, row := range c.Articles {
			article := retrieval.Article{
				Audience: retrieval.AudiencePublic, Body: row.Body, File: row.ID, Locale: row.Lang, Slug: c.slugs[i],
				Status: retrieval.StatusPublished, Title: neutralTitle,
			}
			if c.titles {
				article.Title = row.Title
			}
			if !yield(article, nil) {
				return
			}
		}
	}
}

// retrievalDepth is how many keys of a ranking count, and searchDepth how many articles are asked for: several may have
// one key.
const (
	retrievalDepth = 10
	searchDepth    = 2 * retrievalDepth
)

// Searcher asks the questions of collections.
type Searcher struct {
	Clock    func() time.Time
	Parallel int    // questions at a time; 1 when zero
	Progress func() // called after every question, from several goroutines
	Search   func(context.Context, retrieval.Query) (retrieval.Results, error)
}

// Found is what a search and the baseline made of a question.
type Found struct {
	baseline quality
	hits     []secondHit
	pair     string
	search   quality
	took     time.Duration
}

// Ask searches for every question, in its language and as the public does. A search without vectors is an error: its
// figures would be another system's.
func (s Searcher) Ask(ctx context.Context, c Collection) ([]Found, error) {
	found := make([]Found, len(c.Questions))
	baseline := c.baseline()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(s.Parallel, 1))
	for i, q := range c.Questions {
		group.Go(func() error {
			started := s.Clock()
			results, err := s.Search(ctx, retrieval.Query{Limit: searchDepth, Locale: q.Lang, Now: started, Text: q.Query})
			took := s.Clock().Sub(started)
			if err = errors.Join(err, results.Degraded); err != nil {
				return fmt.Errorf("search for %s: %w", q.ID, err)
			}
			keys, hits := c.judged(results.Hits, q)
			found[i] = Found{
				baseline: judge(baseline(q.Query), q.right), hits: hits, pair: q.Lang + ">" + c.Name,
				search: judge(keys, q.right), took: took,
			}
			if s.Progress != nil {
				s.Progress()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return found, nil
}

// judged returns the distinct keys of hits, best first, and whether each is right.
func (c Collection) judged(all []retrieval.Hit, q QuestionRow) (keys []string, hits []secondHit) {
	for _, hit := range all {
		if key := c.keys[hit.Article.Slug]; !slices.Contains(keys, key) {
			keys = append(keys, key)
			hits = append(hits, secondHit{right: slices.Contains(q.right, key), second: hit.Evidence.Second})
		}
	}
	return keys, hits
}

// quality is how good one ranking is, in the order of qualityNames.
type quality [5]float64

var qualityNames = [len(quality{})]string{"recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"}

// judge holds a ranking against the keys that are right. Recall at n is 1 when one of the first n is right; nDCG counts
// each of them (Järvelin and Kekäläinen 2002, with gains of 0 and 1).
func judge(keys, relevant []string) quality {
	var q quality
	ideal := 0.0
	for i := range min(len(relevant), retrievalDepth) {
		ideal += 1 / math.Log2(float64(i)+2)
	}
	for i, key := range keys[:min(len(keys), retrievalDepth)] {
		if !slices.Contains(relevant, key) {
			continue
		}
		for at, depth := range []int{1, 5, 10} {
			if i < depth {
				q[at] = 1
			}
		}
		q[3] = max(q[3], 1/float64(i+1))
		q[4] += 1 / math.Log2(float64(i)+2) / ideal
	}
	return q
}

// RetrievalFigures are the means over N questions. CI95 has the 95 % interval of each by its name.
type RetrievalFigures struct { // in the order in which they are read
	N        int                   `json:"n"`
	Recall1  float64               `json:"recall@1"`
	Recall5  float64               `json:"recall@5"`
	Recall10 float64               `json:"recall@10"`
	MRR10    float64               `json:"mrr@10"`
	NDCG10   float64               `json:"ndcg@10"`
	CI95     map[string][2]float64 `json:"ci95"`
}

// resamples of a bootstrap: the ends of an interval then move by less than a tenth of its width from seed to seed.
const resamples = 2000

// newRetrievalFigures averages, with percentile bootstrap intervals over the questions (Efron 1979). The seed is fixed:
// the same results have the same intervals.
func newRetrievalFigures(all []quality) RetrievalFigures {
	mean := func(pick func(i int) quality) quality {
		var sum quality
		for i := range all {
			for m, value := range pick(i) {
				sum[m] += value
			}
		}
		for m := range sum {
			sum[m] /= float64(len(all))
		}
		return sum
	}
	m := mean(func(i int) quality { return all[i] })
	f := RetrievalFigures{
		CI95: make(map[string][2]float64), MRR10: m[3], N: len(all), NDCG10: m[4], Recall1: m[0], Recall10: m[2], Recall5: m[1],
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a sample, not a secret
	var drawn [len(quality{})][]float64
	for range resamples {
		for i, value := range mean(func(int) quality { return all[random.IntN(len(all))] }) {
			drawn[i] = append(drawn[i], value)
		}
	}
	for i, name := range qualityNames {
		slices.Sort(drawn[i])
		f.CI95[name] = [2]float64{quantile(0.025, drawn[i]), quantile(0.975, drawn[i])}
	}
	return f
}

// RetrievalReport is how well articles are found, and how well plain BM25 finds them.
type RetrievalReport struct {
	RetrievalFigures

	BM25  RetrievalFigures           `json:"bm25"`
	P50   time.Duration              `json:"-"` // of one search, beside those that ran at the same time
	P95   time.Duration              `json:"-"`
	Pairs map[string]RetrievalReport `json:"pairs,omitempty"` // "ru>en": questions in Russian, articles in English
}

// NewRetrievalReport pools what was found, of which there must be some, and reports it for each pair of languages.
func NewRetrievalReport(found []Found) RetrievalReport {
	pairs := make(map[string][]Found)
	for _, f := range found {
		pairs[f.pair] = append(pairs[f.pair], f)
	}
	report := newSlice(found)
	report.Pairs = make(map[string]RetrievalReport)
	for pair, some := range pairs {
		report.Pairs[pair] = newSlice(some)
	}
	return report
}

func newSlice(found []Found) RetrievalReport {
	search, baseline, times := make([]quality, len(found)), make([]quality, len(found)), make([]time.Duration, len(found))
	for i, f := range found {
		search[i], baseline[i], times[i] = f.search, f.baseline, f.took
	}
	slices.Sort(times)
	return RetrievalReport{
		BM25: newRetrievalFigures(baseline), P50: times[len(times)/2], P95: times[len(times)*95/100],
		RetrievalFigures: newRetrievalFigures(search),
	}
}

// WriteTable prints the report for a terminal, in percent: each figure with its interval, the baseline's below it.
func (r RetrievalReport) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PAIR\tN\t\tRECALL@1\tRECALL@5\tRECALL@10\tMRR@10\tNDCG@10")
	for _, pair := range slices.Sorted(maps.Keys(r.Pairs)) {
		r.Pairs[pair].writeRows(table, pair)
	}
	r.writeRows(table, "pooled")
	_, _ = fmt.Fprintf(table, "a search: p50 %s, p95 %s\n", r.P50.Round(10*time.Microsecond), r.P95.Round(10*time.Microsecond))
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

func (r RetrievalReport) writeRows(w io.Writer, name string) {
	_, _ = fmt.Fprintf(w, "%s\t%d\tdeskhand%s\n\t\tBM25%s\n", name, r.N, r.cells(), r.BM25.cells())
}

// cells are the figures in a row of a table.
func (f RetrievalFigures) cells() string {
	var b strings.Builder
	for i, value := range []float64{f.Recall1, f.Recall5, f.Recall10, f.MRR10, f.NDCG10} {
		ends := f.CI95[qualityNames[i]]
		fmt.Fprintf(&b, "\t%.1f (%.0f-%.0f)", 100*value, 100*ends[0], 100*ends[1])
	}
	return b.String()
}
