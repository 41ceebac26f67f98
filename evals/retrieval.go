package evals

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
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

// searchDepth is how many articles are asked for: several may have one key.
const searchDepth = 2 * retrievalDepth

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
