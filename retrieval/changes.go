package retrieval

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// changed returns the articles that are new or differ from what is stored, and counts the others.
func (r *importRun) changed(ctx context.Context, step []pendingArticle) ([]pendingArticle, error) {
	const query = `
		SELECT a.slug, a.locale, a.content_hash, a.indexed_with
		FROM unnest(@slugs::text[], @locales::text[]) AS wanted (slug, locale)
		JOIN articles a USING (slug, locale)`
	rows, err := r.index.pool.Query(ctx, query, keyArgs(step))
	if err != nil {
		return nil, fmt.Errorf("read stored articles: %w", err)
	}
	hashes := make(map[articleKey][]byte)
	var key articleKey
	var hash []byte
	var rules string
	_, err = pgx.ForEachRow(rows, []any{&key.slug, &key.locale, &hash, &rules}, func() error {
		hashes[key] = nil
		if rules == r.index.rules {
			hashes[key] = bytes.Clone(hash)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read stored articles: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var changed []pendingArticle
	for _, p := range step {
		stored, known := hashes[p.key()]
		if bytes.Equal(stored, p.hash) {
			r.report.Unchanged++
			continue
		}
		p.known = known
		changed = append(changed, p)
	}
	if r.options.DryRun {
		r.foresee(changed)
	}
	return changed, nil
}

// foresee notes what a dry run would do.
func (r *importRun) foresee(changed []pendingArticle) {
	for _, p := range changed {
		action := ImportAdd
		if p.known {
			action = ImportUpdate
			r.report.Updated++
		} else {
			r.report.Added++
		}
		r.report.Changes = append(r.report.Changes, ImportChange{
			Action: action, File: p.article.File, Locale: p.article.Locale, Slug: p.article.Slug,
		})
	}
}

// prune deletes what the source no longer has.
func (r *importRun) prune(ctx context.Context) error {
	const gone = `
		FROM articles a
		WHERE a.source = @source
			AND NOT EXISTS (
				SELECT FROM unnest(@slugs::text[], @locales::text[]) AS kept (slug, locale)
				WHERE kept.slug = a.slug AND kept.locale = a.locale)`
	slugs, locales := make([]string, 0, len(r.seen)), make([]string, 0, len(r.seen))
	for key := range r.seen {
		slugs, locales = append(slugs, key.slug), append(locales, key.locale)
	}
	args := pgx.NamedArgs{"locales": locales, "slugs": slugs, "source": r.options.Source}
	if r.options.DryRun {
		rows, err := r.index.pool.Query(ctx, `SELECT a.slug, a.locale `+gone+` ORDER BY a.slug, a.locale`, args)
		if err != nil {
			return fmt.Errorf("list articles to prune: %w", err)
		}
		change := ImportChange{Action: ImportRemove}
		_, err = pgx.ForEachRow(rows, []any{&change.Slug, &change.Locale}, func() error {
			r.report.Changes = append(r.report.Changes, change)
			r.report.Pruned++
			return nil
		})
		if err != nil {
			return fmt.Errorf("list articles to prune: %w", err)
		}
		return nil
	}
	err := pgx.BeginFunc(ctx, r.index.pool, func(tx pgx.Tx) error {
		if err := setActor(ctx, tx, r.options.Actor); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `DELETE `+gone, args)
		r.report.Pruned = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return fmt.Errorf("prune articles: %w", err)
	}
	return nil
}

// keyArgs are the keys of articles as two parallel arrays.
func keyArgs(articles []pendingArticle) pgx.NamedArgs {
	slugs, locales := make([]string, len(articles)), make([]string, len(articles))
	for i, p := range articles {
		slugs[i], locales[i] = p.article.Slug, p.article.Locale
	}
	return pgx.NamedArgs{"locales": locales, "slugs": slugs}
}
