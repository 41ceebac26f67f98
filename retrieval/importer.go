package retrieval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
)

// Sizes of one step of an import. Texts of several articles fill the model's batches; a step is what a crash loses.
const (
	stepArticles = 256
	stepPassages = embedBatch * embedInFlight
)

// ImportOptions say how to import.
type ImportOptions struct {
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
	// Embedded counts the texts that were sent to the model, Passages those that the new and updated articles have.
	Embedded int
	Passages int
	// Problems are the articles that could not be imported, mostly *Problem, in the order they came.
	Problems []error
}

// Import brings the knowledge base to the state of articles. An article is written whole, with its passages, terms and
// vectors, or not at all; one that did not change costs one look at its hash. An error in the sequence is reported and
// does not stop the rest.
//
// The error is for what stops everything: ctx, the database, the embedding model. What was imported before it stays, and
// the same import run again goes on from there.
func (x *Index) Import(ctx context.Context, articles iter.Seq2[Article, error], options ImportOptions) (Report, error) {
	if options.Source == "" {
		return Report{}, errors.New("import: source is required")
	}
	modelID, err := x.registered()
	if err != nil {
		return Report{}, fmt.Errorf("import: %w", err)
	}
	run := importRun{index: x, modelID: modelID, options: options, seen: make(map[articleKey]string)}
	for article, err := range articles {
		if ctx.Err() != nil {
			return run.report, fmt.Errorf("import: %w", ctx.Err())
		}
		if err != nil {
			run.report.Problems = append(run.report.Problems, err)
			continue
		}
		if err := run.take(ctx, article); err != nil {
			return run.report, fmt.Errorf("import: %w", err)
		}
	}
	if err := run.flush(ctx); err != nil {
		return run.report, fmt.Errorf("import: %w", err)
	}
	if err := x.indexVectors(ctx, modelID); err != nil {
		return run.report, fmt.Errorf("import: %w", err)
	}
	if options.Prune && len(run.report.Problems) == 0 {
		if err := run.prune(ctx); err != nil {
			return run.report, fmt.Errorf("import: %w", err)
		}
	}
	if run.report.Added+run.report.Updated+run.report.Pruned > 0 {
		// The planner chooses between an index and a scan by what it knows of the tables; autovacuum would tell it a minute later.
		if _, err := x.pool.Exec(ctx, `ANALYZE articles, passages, passage_terms, embeddings`); err != nil {
			return run.report, fmt.Errorf("import: analyze tables: %w", err)
		}
	}
	run.progress()
	return run.report, nil
}

// articleKey is what is unique about an article.
type articleKey struct {
	slug   string
	locale string
}

// importRun is one call of Import.
type importRun struct {
	index    *Index
	modelID  int32
	options  ImportOptions
	passages int // of pending
	pending  []pendingArticle
	report   Report
	// seen says where each article was first met.
	seen map[articleKey]string
}

// pendingArticle is an article on its way into the tables.
type pendingArticle struct {
	article  Article
	hash     []byte
	id       int64 // once it has a row
	passages []draftPassage
}

func (p pendingArticle) key() articleKey {
	return articleKey{slug: p.article.Slug, locale: p.article.Locale}
}

// take prepares one article and runs a step when enough have gathered.
func (r *importRun) take(ctx context.Context, article Article) error {
	if err := article.Validate(); err != nil {
		r.report.Problems = append(r.report.Problems, err)
		return nil
	}
	p := pendingArticle{article: article, hash: article.hash()}
	if first, ok := r.seen[p.key()]; ok {
		r.report.Problems = append(r.report.Problems, &Problem{
			Field: "slug", File: article.File, Fix: "give each article of a language its own slug", Line: article.Line,
			Message: fmt.Sprintf("%q in %s is already in %s", shorten(article.Slug), article.Locale, first),
		})
		return nil
	}
	r.seen[p.key()] = article.File
	if article.Status == StatusPublished {
		passages, err := splitArticle(article)
		if err != nil {
			return err
		}
		p.passages = passages
	}
	r.pending = append(r.pending, p)
	r.passages += len(p.passages)
	if len(r.pending) >= stepArticles || r.passages >= stepPassages {
		return r.flush(ctx)
	}
	return nil
}

// flush writes what is pending: first the vectors are made, without a transaction open, then the articles are written.
func (r *importRun) flush(ctx context.Context) error {
	changed, err := r.changed(ctx)
	if err != nil {
		return err
	}
	r.pending, r.passages = nil, 0
	vectors, err := r.embed(ctx, changed)
	if err != nil {
		return err
	}
	if err := r.writeChanged(ctx, changed, vectors); err != nil {
		return err
	}
	r.progress()
	return nil
}

// writeChanged writes articles together, or one by one when that fails: one of them cannot be written. Alone, the others
// can, and the error names its article.
func (r *importRun) writeChanged(ctx context.Context, changed []pendingArticle, vectors map[string][]float32) error {
	if len(changed) == 0 {
		return nil
	}
	err := r.write(ctx, changed, vectors)
	if err == nil || ctx.Err() != nil || len(changed) == 1 {
		return err
	}
	for _, p := range changed {
		if err := r.write(ctx, []pendingArticle{p}, vectors); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.report.Problems = append(r.report.Problems, fmt.Errorf("%s: %w", p.article.File, err))
		}
	}
	return nil
}

// changed returns the pending articles that are new or differ from what is stored, and counts the others.
func (r *importRun) changed(ctx context.Context) ([]pendingArticle, error) {
	const query = `
		SELECT a.slug, a.locale, a.content_hash, a.indexed_with
		FROM unnest(@slugs::text[], @locales::text[]) AS wanted (slug, locale)
		JOIN articles a USING (slug, locale)`
	rows, err := r.index.pool.Query(ctx, query, keyArgs(r.pending))
	if err != nil {
		return nil, fmt.Errorf("read stored articles: %w", err)
	}
	hashes := make(map[articleKey][]byte)
	var key articleKey
	var hash []byte
	var rules string
	_, err = pgx.ForEachRow(rows, []any{&key.slug, &key.locale, &hash, &rules}, func() error {
		if rules == r.index.rules {
			hashes[key] = bytes.Clone(hash)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read stored articles: %w", err)
	}
	var changed []pendingArticle
	for _, p := range r.pending {
		if bytes.Equal(hashes[p.key()], p.hash) {
			r.report.Unchanged++
			continue
		}
		changed = append(changed, p)
	}
	return changed, nil
}

// passageKey is a passage of an article by its text.
type passageKey struct {
	article articleKey
	hash    string
}

// embed makes the vectors of the passages that have none, by the hash of their text: a passage that stays as it was keeps
// its vector.
func (r *importRun) embed(ctx context.Context, changed []pendingArticle) (map[string][]float32, error) {
	kept, err := r.storedVectors(ctx, changed)
	if err != nil {
		return nil, err
	}
	var texts, hashes []string
	asked := make(map[string]bool)
	for _, p := range changed {
		for _, passage := range p.passages {
			hash := string(passage.hash)
			key := passageKey{article: p.key(), hash: hash}
			if kept[key] > 0 {
				kept[key]-- // a text that occurs more often than before needs a vector for the new place
				continue
			}
			if !asked[hash] {
				asked[hash] = true
				texts, hashes = append(texts, passage.text), append(hashes, hash)
			}
		}
	}
	made, err := r.index.model.embedAll(ctx, texts)
	if err != nil {
		return nil, err
	}
	r.report.Embedded += len(texts)
	vectors := make(map[string][]float32, len(made))
	for i, vector := range made {
		vectors[hashes[i]] = vector
	}
	return vectors, nil
}

// storedVectors counts, for the passages that the articles have now, those with a vector of this model.
func (r *importRun) storedVectors(ctx context.Context, articles []pendingArticle) (map[passageKey]int, error) {
	const query = `
		SELECT a.slug, a.locale, p.text_hash
		FROM unnest(@slugs::text[], @locales::text[]) AS wanted (slug, locale)
		JOIN articles a USING (slug, locale)
		JOIN passages p ON p.article_id = a.id
		JOIN embeddings e ON e.model_id = @model AND e.passage_id = p.id`
	args := keyArgs(articles)
	args["model"] = r.modelID
	rows, err := r.index.pool.Query(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("read stored passages: %w", err)
	}
	stored := make(map[passageKey]int)
	var slug, locale string
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&slug, &locale, &hash}, func() error {
		stored[passageKey{article: articleKey{slug: slug, locale: locale}, hash: string(hash)}]++
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read stored passages: %w", err)
	}
	return stored, nil
}

// prune deletes what the source no longer has.
func (r *importRun) prune(ctx context.Context) error {
	const query = `
		DELETE FROM articles a
		WHERE a.source = @source
			AND NOT EXISTS (
				SELECT FROM unnest(@slugs::text[], @locales::text[]) AS kept (slug, locale)
				WHERE kept.slug = a.slug AND kept.locale = a.locale)`
	var slugs, locales []string
	for key := range r.seen {
		slugs, locales = append(slugs, key.slug), append(locales, key.locale)
	}
	tag, err := r.index.pool.Exec(ctx, query, pgx.NamedArgs{"locales": locales, "slugs": slugs, "source": r.options.Source})
	if err != nil {
		return fmt.Errorf("prune articles: %w", err)
	}
	r.report.Pruned = int(tag.RowsAffected())
	return nil
}

func (r *importRun) progress() {
	if r.options.Progress != nil {
		r.options.Progress(r.report)
	}
}

// keyArgs are the keys of articles as two parallel arrays.
func keyArgs(articles []pendingArticle) pgx.NamedArgs {
	slugs, locales := make([]string, len(articles)), make([]string, len(articles))
	for i, p := range articles {
		slugs[i], locales[i] = p.article.Slug, p.article.Locale
	}
	return pgx.NamedArgs{"locales": locales, "slugs": slugs}
}
