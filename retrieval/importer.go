package retrieval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// Sizes of one step of an import, which is what a crash loses: twice what four calls of the model bring, at some 800 bytes a
// passage. Larger steps are cheaper to index (four times as large: 0.7 of the time), but lose more.
const (
	stepArticles = 1024
	stepBytes    = 800 * 2 * embedBatch * embedInFlight
)

// splitterVersion is part of the rules that an article is indexed with.
const splitterVersion = passage.Version

// ImportOptions say how to import.
type ImportOptions struct {
	// Actor is who imports, for the history; "import" when empty.
	Actor string
	// DryRun changes nothing: the report says what would be done, article by article in Changes. Nothing is embedded.
	DryRun bool
	// Progress is called after each step, from the goroutine of Import; nil for none.
	Progress func(Report)
	// Prune deletes the articles of Source that the import did not mention. A file that could not be read keeps all of them:
	// what it held is unknown.
	Prune bool
	// Source names where the articles come from, like "sample" or a folder's path. Required.
	Source string
}

// Report says what an import did.
type Report struct {
	// Added, Updated, Unchanged and Pruned count articles.
	Added     int
	Pruned    int
	Unchanged int
	Updated   int
	// Changes are the articles that a dry run would add, update or remove, in the order they came.
	Changes []ImportChange
	// Converted are the files that are not in UTF-8 and were converted, with the encoding that they were read as.
	Converted []string
	// Embedded counts the texts that were sent to the model, Passages those that the new and updated articles have.
	Embedded int
	Passages int
	// Problems are the articles that could not be imported, mostly *Problem.
	Problems []error
}

// ImportAction is what an import does with an article.
type ImportAction string

// The actions.
const (
	ImportAdd    ImportAction = "add"
	ImportRemove ImportAction = "remove"
	ImportUpdate ImportAction = "update"
)

// ImportChange is one article that a dry run would change.
type ImportChange struct {
	Action ImportAction `json:"action"`
	File   string       `json:"file,omitempty"`
	Locale string       `json:"locale"`
	Slug   string       `json:"slug"`
}

// Import brings the knowledge base to the state of articles. An article is written whole, with its passages, terms and
// vectors, or not at all; one that did not change costs one look at its hash. An error in the sequence, or an article that
// cannot be written, is reported and does not stop the rest.
//
// Reading, making vectors and writing go on side by side. The error is for what stops everything: ctx, the database, the
// embedding model. What was imported before it stays, and the same import run again goes on from there.
func (x *Index) Import(ctx context.Context, articles iter.Seq2[Article, error], options ImportOptions) (Report, error) {
	if options.Source == "" {
		return Report{}, errors.New("import: source is required")
	}
	modelID, err := x.registered()
	if err != nil {
		return Report{}, fmt.Errorf("import: %w", err)
	}
	options.Actor = cmp.Or(options.Actor, "import")
	run := importRun{
		index: x, modelID: modelID, options: options,
		redirects: make(map[string]redirectClaim), seen: make(map[articleKey]string),
	}
	if err := run.run(ctx, articles); err != nil {
		return run.report, fmt.Errorf("import: %w", err)
	}
	return run.report, nil
}

// articleKey is what is unique about an article.
type articleKey struct {
	slug   string
	locale string
}

// importRun is one call of Import.
type importRun struct {
	index   *Index
	modelID int32
	options ImportOptions
	// redirects are the earlier slugs that the articles claim, with the article.
	redirects map[string]redirectClaim
	// seen says where each article was first met.
	seen map[articleKey]string

	mu     sync.Mutex // of report: the stages add to it
	report Report
}

// pendingArticle is an article on its way into the tables.
type pendingArticle struct {
	article  Article
	hash     []byte
	id       int64 // once it has a row
	known    bool  // the database has an older version
	passages []draftPassage
	source   string
	version  int // that was recorded for it before; 0 for the next
}

func (p pendingArticle) key() articleKey {
	return articleKey{slug: p.article.Slug, locale: p.article.Locale}
}

// preparedStep is a step that only has to be written.
type preparedStep struct {
	articles []pendingArticle
	vectors  map[string][]float32
}

func (r *importRun) run(ctx context.Context, articles iter.Seq2[Article, error]) error {
	if err := r.writeAll(ctx, articles); err != nil {
		return err
	}
	if r.options.Prune && len(r.report.Problems) == 0 {
		if err := r.prune(ctx); err != nil {
			return err
		}
	}
	if err := r.redirect(ctx); err != nil {
		return err
	}
	if !r.options.DryRun && r.report.Added+r.report.Updated+r.report.Pruned > 0 {
		// The planner chooses between an index and a scan by what it knows of the tables; autovacuum would tell it a minute later.
		if _, err := r.index.pool.Exec(ctx, `ANALYZE articles, passages, passage_terms, embeddings`); err != nil {
			return fmt.Errorf("analyze tables: %w", err)
		}
	}
	r.progress()
	return nil
}

// writeAll goes through the articles, then sees to the index of vectors.
func (r *importRun) writeAll(ctx context.Context, articles iter.Seq2[Article, error]) error {
	if r.options.DryRun {
		return r.steps(ctx, articles)
	}
	if err := r.index.gatherTerms(ctx, func() error { return r.steps(ctx, articles) }); err != nil {
		return err
	}
	return r.index.indexVectors(ctx, r.modelID)
}

// steps reads, prepares and writes, three steps at a time; it writes in the goroutine of the caller.
func (r *importRun) steps(ctx context.Context, articles iter.Seq2[Article, error]) error {
	group, stages := errgroup.WithContext(ctx)
	gathered := make(chan []pendingArticle)
	prepared := make(chan preparedStep)
	group.Go(func() error {
		defer close(gathered)
		return r.gather(stages, articles, gathered)
	})
	group.Go(func() error {
		defer close(prepared)
		for step := range gathered {
			ready, err := r.prepare(stages, step)
			if err != nil {
				return err
			}
			select {
			case prepared <- ready:
			case <-stages.Done():
				return stages.Err()
			}
		}
		return nil
	})
	writing := func() error {
		for step := range prepared {
			if err := r.writeChanged(stages, step.articles, step.vectors); err != nil {
				return err
			}
			r.progress()
		}
		return nil
	}
	if err := writing(); err != nil {
		// The other stages end with this error instead of waiting for a writer.
		group.Go(func() error { return err })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// gather takes articles until a step is full.
func (r *importRun) gather(ctx context.Context, articles iter.Seq2[Article, error], out chan<- []pendingArticle) error {
	var step []pendingArticle
	size := 0
	send := func() error {
		select {
		case out <- step:
			step, size = nil, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for article, err := range articles {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.problem(err)
			continue
		}
		p, ok := r.take(article)
		if !ok {
			continue
		}
		step = append(step, p)
		if size += len(article.Body); len(step) >= stepArticles || size >= stepBytes {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// take checks one article.
func (r *importRun) take(article Article) (pendingArticle, bool) {
	if err := article.Validate(); err != nil {
		r.problem(err)
		return pendingArticle{}, false
	}
	if article.ReadAs != "" {
		r.mu.Lock()
		r.report.Converted = append(r.report.Converted, article.File+" ("+article.ReadAs+")")
		r.mu.Unlock()
	}
	p := pendingArticle{article: article.Normalised(), hash: article.hash(), source: r.options.Source}
	if first, ok := r.seen[p.key()]; ok {
		r.problem(&Problem{
			Field: "slug", File: article.File, Fix: "give each article of a language its own slug", Line: article.Line,
			Message: fmt.Sprintf("%q in %s is already in %s", Shorten(article.Slug), article.Locale, first),
		})
		return pendingArticle{}, false
	}
	r.seen[p.key()] = article.File
	r.claim(article)
	return p, true
}

// prepare cuts what has changed into passages and makes their vectors, without a transaction open.
func (r *importRun) prepare(ctx context.Context, step []pendingArticle) (preparedStep, error) {
	changed, err := r.changed(ctx, step)
	if err != nil || r.options.DryRun {
		return preparedStep{}, err
	}
	if err := r.index.split(ctx, changed); err != nil {
		return preparedStep{}, err
	}
	vectors, made, err := r.index.vectorsFor(ctx, r.modelID, changed)
	if err != nil {
		return preparedStep{}, err
	}
	r.mu.Lock()
	r.report.Embedded += made
	r.mu.Unlock()
	return preparedStep{articles: changed, vectors: vectors}, nil
}

// split cuts published articles into passages with their terms, on all cores.
func (x *Index) split(ctx context.Context, articles []pendingArticle) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range articles {
		p := &articles[i]
		if p.article.Status != StatusPublished {
			continue
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			drafts, err := passage.Split(p.article.Title, p.article.Body)
			if err != nil {
				return err
			}
			p.passages = make([]draftPassage, len(drafts))
			for i, draft := range drafts {
				p.passages[i] = draftPassage{Draft: draft, terms: x.termsOf(p.article.Title, draft.Text)}
			}
			return nil
		})
	}
	return group.Wait()
}

// writeChanged writes articles together, or one by one when that fails: one of them cannot be written. Alone, the others
// can, and the problem names its article.
func (r *importRun) writeChanged(ctx context.Context, changed []pendingArticle, vectors map[string][]float32) error {
	if len(changed) == 0 {
		return nil
	}
	err := r.write(ctx, changed, vectors)
	if err == nil || !isOneArticles(err) {
		return err
	}
	for _, p := range changed {
		if err := r.write(ctx, []pendingArticle{p}, vectors); err != nil {
			if !isOneArticles(err) {
				return err
			}
			r.problem(fmt.Errorf("%s: %w", cmp.Or(p.article.File, p.article.Slug+" ("+p.article.Locale+")"), err))
		}
	}
	return nil
}

// isOneArticles reports whether a failure to write may lie in one article, and not in the connection or the server: the
// data (class 22), a constraint (23), a limit (54), or somebody else's change.
func isOneArticles(err error) bool {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		switch state.SQLState()[:2] {
		case "22", "23", "54":
			return true
		}
		return false
	}
	return errors.Is(err, errChangedMeanwhile)
}

func (r *importRun) problem(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Problems = append(r.report.Problems, err)
}

func (r *importRun) progress() {
	if r.options.Progress != nil {
		r.mu.Lock()
		report := r.report
		r.mu.Unlock()
		r.options.Progress(report)
	}
}
