package retrieval

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// reanalyseStep is how many articles are analysed again in one transaction: writers wait for it some 100 ms.
const reanalyseStep = 64

// Reanalyse gives the passages that were analysed by other rules or with other terms those of now, step by step while
// searches go on; each article changes whole. Texts, vectors and versions stay. Progress, when it is not nil, is told how
// many articles are done. It returns how many those were; run again after a failure, it goes on where it was.
func (x *Index) Reanalyse(ctx context.Context, progress func(done int)) (done int, err error) {
	for last := int64(0); ; {
		var step []outdatedArticle
		err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
			if err := lockKnowledgeBase(ctx, tx); err != nil {
				return err
			}
			if step, err = x.outdated(ctx, tx, last); err != nil || len(step) == 0 {
				return err
			}
			return x.reanalyse(ctx, tx, step)
		})
		if err != nil {
			return done, fmt.Errorf("analyse passages again: %w", err)
		}
		if len(step) == 0 {
			return done, nil
		}
		last = step[len(step)-1].ID
		done += len(step)
		if progress != nil {
			progress(done)
		}
	}
}

// Outdated counts the articles that Reanalyse would change.
func (x *Index) Outdated(ctx context.Context) (articles int, err error) {
	const query = `SELECT count(*) FROM articles WHERE split_part(indexed_with, '/', 2) <> @analyzer`
	if err := x.pool.QueryRow(ctx, query, pgx.NamedArgs{"analyzer": x.analyzer.Fingerprint()}).Scan(&articles); err != nil {
		return 0, fmt.Errorf("count outdated articles: %w", err)
	}
	return articles, nil
}

// outdatedArticle is an article whose terms were made by other rules. How it was split is another matter.
type outdatedArticle struct {
	ID     int64  `db:"id"`
	Locale string `db:"locale"`
	Title  string `db:"title"`
}

func (x *Index) outdated(ctx context.Context, tx pgx.Tx, after int64) ([]outdatedArticle, error) {
	const query = `
		SELECT id, locale, title FROM articles WHERE id > @after AND split_part(indexed_with, '/', 2) <> @analyzer
		ORDER BY id LIMIT @limit`
	rows, err := tx.Query(ctx, query, pgx.NamedArgs{"after": after, "analyzer": x.analyzer.Fingerprint(), "limit": reanalyseStep})
	if err != nil {
		return nil, fmt.Errorf("read articles: %w", err)
	}
	articles, err := pgx.CollectRows(rows, pgx.RowToStructByName[outdatedArticle])
	if err != nil {
		return nil, fmt.Errorf("read articles: %w", err)
	}
	return articles, nil
}

func (x *Index) reanalyse(ctx context.Context, tx pgx.Tx, articles []outdatedArticle) error {
	const query = `
		SELECT p.id, p.locale, p.heading_path, p.body, a.title
		FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.article_id = ANY(@articles)`
	const note = `
		UPDATE articles SET indexed_with = split_part(indexed_with, '/', 1) || '/' || @analyzer WHERE id = ANY(@articles)`
	ids := make([]int64, len(articles))
	for i, a := range articles {
		ids[i] = a.ID
	}
	args := pgx.NamedArgs{"analyzer": x.analyzer.Fingerprint(), "articles": ids}
	rows, err := tx.Query(ctx, query, args)
	if err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	passages, err := pgx.CollectRows(rows, pgx.RowToStructByName[missingRow])
	if err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	w := articleWriter{index: x, tx: tx}
	for _, p := range passages {
		terms := x.termsOf(p.Title, passage.IndexText(p.Title, p.HeadingPath, p.Body), p.Locale)
		w.reindexed = append(w.reindexed, p.ID)
		w.terms = append(w.terms, []any{p.ID, p.Locale, terms.ids, terms.frequencies, terms.length})
	}
	if err := w.finish(ctx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, note, args); err != nil {
		return fmt.Errorf("note analysis: %w", err)
	}
	return nil
}
