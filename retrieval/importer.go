package retrieval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// splitterVersion is part of the rules that an article is indexed with.
const splitterVersion = passage.Version

// ImportOptions say how to import.
type ImportOptions struct {
	// Actor is who imports, for the history; "import" when empty.
	Actor string
	// DryRun changes nothing: the report says what would be done, article by article in Changes. Nothing is embedded.
	DryRun bool
	// Progress is called after each transaction, once at a time and before Import returns; nil for none.
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
// A text that the model does not take, or answers with what is no vector, is a problem of its article. The error is for what
// stops everything: ctx, the database, a model that takes nothing. What was imported before it stays, and the same import run
// again goes on from there. Reading, cutting, making vectors and writing go on side by side.
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
		failed: make(map[string]bool), index: x, modelID: modelID, options: options,
		redirects: make(map[string]redirectClaim), seen: make(map[articleKey]string), writers: 1,
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
	// texts is what the model has made of the texts so far.
	texts textLuck
	// writers is how many transactions write at a time.
	writers int

	telling sync.Mutex // is held while Progress is called
	mu      sync.Mutex // of the rest: the stages add to it
	// failed are the articles that were not written, by file.
	failed map[string]bool
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

// place names the article in messages.
func (p pendingArticle) place() string {
	return cmp.Or(p.article.File, p.article.Slug+" ("+p.article.Locale+")")
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
		// The planner chooses between an index and a scan by what it knows of the tables; autovacuum would tell it a minute later. Vectors
		// and terms are read by their keys, and to sample them takes a seventh of the import.
		if _, err := r.index.pool.Exec(ctx, `ANALYZE articles, passages`); err != nil {
			return fmt.Errorf("analyze tables: %w", err)
		}
	}
	r.progress()
	return nil
}

// writeAll goes through the articles.
func (r *importRun) writeAll(ctx context.Context, articles iter.Seq2[Article, error]) error {
	if r.options.DryRun {
		return r.steps(ctx, articles)
	}
	return r.index.aloneBeside(ctx, func(beside bool) error {
		if beside {
			r.writers = importWriters
		}
		return r.steps(ctx, articles)
	})
}
