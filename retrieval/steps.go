package retrieval

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// stepArticles and stepBytes are the sizes of one step: twice what four calls of the model bring, at some 800 bytes a passage.
const (
	stepArticles = 1024
	stepBytes    = 800 * 2 * embedBatch * embedInFlight
)

// stepsWaiting is how many steps may wait for the writer, with 6 MB of vectors each at 1,536 dimensions. Three more are on their
// way, so that an import holds 50 MB.
const stepsWaiting = 1

// importStep is some articles on their way.
type importStep struct {
	articles []pendingArticle
	vectors  map[string][]float32
}

// steps reads, cuts, makes vectors and writes, each beside the others; it writes in the goroutine of the caller.
func (r *importRun) steps(ctx context.Context, articles iter.Seq2[Article, error]) error {
	group, stages := errgroup.WithContext(ctx)
	gathered, cut, embedded := make(chan importStep), make(chan importStep), make(chan importStep, stepsWaiting)
	group.Go(func() error {
		defer close(gathered)
		return r.gather(stages, articles, gathered)
	})
	group.Go(func() error { return stage(stages, gathered, cut, r.cut) })
	group.Go(func() error { return stage(stages, cut, embedded, r.embed) })
	if err := r.writeSteps(stages, embedded); err != nil {
		// The other stages end with this error instead of waiting for a writer.
		group.Go(func() error { return err })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// stage passes steps on with what work does to them.
func stage(
	ctx context.Context, in <-chan importStep, out chan<- importStep, work func(context.Context, importStep) (importStep, error),
) error {
	defer close(out)
	for step := range in {
		done, err := work(ctx, step)
		if err != nil {
			return err
		}
		select {
		case out <- done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// gather takes articles until a step is full.
func (r *importRun) gather(ctx context.Context, articles iter.Seq2[Article, error], out chan<- importStep) error {
	var step importStep
	size := 0
	send := func() error {
		select {
		case out <- step:
			step, size = importStep{}, 0
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
		step.articles = append(step.articles, p)
		if size += len(article.Body); len(step.articles) >= stepArticles || size >= stepBytes {
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

// cut keeps what has changed, and cuts it into passages.
func (r *importRun) cut(ctx context.Context, step importStep) (importStep, error) {
	changed, err := r.changed(ctx, step.articles)
	if err != nil || r.options.DryRun {
		return importStep{}, err
	}
	return importStep{articles: changed}, r.index.split(ctx, changed)
}

// embed makes the vectors of a step, without a transaction open, and leaves out the articles that have a text without one.
func (r *importRun) embed(ctx context.Context, step importStep) (importStep, error) {
	texts, hashes, err := r.index.textsWithoutVector(ctx, r.index.pool, r.modelID, step.articles)
	if err != nil {
		return importStep{}, err
	}
	vectors, failures, err := r.index.model.embedEach(ctx, texts, &r.texts)
	if err != nil {
		return importStep{}, err
	}
	step.vectors = make(map[string][]float32, len(vectors))
	failed := make(map[string]error)
	for i, hash := range hashes {
		if failures[i] != nil {
			failed[hash] = failures[i]
			continue
		}
		step.vectors[hash] = vectors[i]
	}
	r.mu.Lock()
	r.report.Embedded += len(step.vectors)
	r.mu.Unlock()
	if len(failed) > 0 {
		step.articles = slices.DeleteFunc(step.articles, func(p pendingArticle) bool { return r.cannotEmbed(p, failed) })
	}
	return step, nil
}

// cannotEmbed reports the first passage of an article that the model failed on.
func (r *importRun) cannotEmbed(p pendingArticle, failed map[string]error) bool {
	for i, passage := range p.passages {
		if err := failed[string(passage.Hash)]; err != nil {
			r.fail(p, &Problem{
				Field: "body", File: p.place(), Fix: "change that part of the article, or ask who runs the model", Line: p.article.Line,
				Message: fmt.Sprintf("passage %d (%q) cannot be embedded: %v", i+1, Shorten(passage.Body), err),
			})
			return true
		}
	}
	return false
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
				p.passages[i] = draftPassage{Draft: draft, terms: x.termsOf(p.article.Title, draft.Text, p.article.Locale)}
			}
			return nil
		})
	}
	return group.Wait()
}

// fail reports an article that is not written.
func (r *importRun) fail(p pendingArticle, err error) {
	r.problem(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[p.place()] = true
}

func (r *importRun) problem(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Problems = append(r.report.Problems, err)
}

// progress tells how far the import is, once at a time.
func (r *importRun) progress() {
	if r.options.Progress != nil {
		r.telling.Lock()
		defer r.telling.Unlock()
		r.mu.Lock()
		report := r.report
		r.mu.Unlock()
		r.options.Progress(report)
	}
}
