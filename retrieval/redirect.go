package retrieval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Errors of redirects.
var (
	// ErrRedirectCycle is returned for a redirect that would lead back to itself.
	ErrRedirectCycle = errors.New("the redirect leads back to itself")
	// ErrRedirectInUse is returned for a redirect from the slug of an article.
	ErrRedirectInUse = errors.New("an article has that slug")
)

// Redirect leads from the old slug of an article to its slug, in all languages.
type Redirect struct {
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	CreatedBy string    `db:"created_by" json:"created_by"`
	OldSlug   string    `db:"old_slug"   json:"old_slug"`
	// Slug is where it leads; that slug may have moved on in turn.
	Slug string `db:"slug" json:"slug"`
}

// Redirects returns all of them, by their old slugs.
func (x *Index) Redirects(ctx context.Context) ([]Redirect, error) {
	rows, err := x.pool.Query(ctx, `SELECT old_slug, slug, created_by, created_at FROM article_redirects ORDER BY old_slug`)
	if err != nil {
		return nil, fmt.Errorf("list redirects: %w", err)
	}
	redirects, err := pgx.CollectRows(rows, pgx.RowToStructByName[Redirect])
	if err != nil {
		return nil, fmt.Errorf("list redirects: %w", err)
	}
	return redirects, nil
}

// SetRedirect makes an old slug lead to another. It returns ErrRedirectCycle or ErrRedirectInUse where that cannot be, and
// ErrArticleNotFound when nothing has the slug that it would lead to.
func (x *Index) SetRedirect(ctx context.Context, redirect Redirect) error {
	const known = `SELECT EXISTS (SELECT FROM articles WHERE slug = @slug) OR EXISTS (SELECT FROM article_redirects WHERE old_slug = @slug)`
	for _, slug := range []string{redirect.OldSlug, redirect.Slug} {
		if !IsSlug(slug) {
			return fmt.Errorf("redirect: %w", &Problem{
				Field: "slug", File: Shorten(slug), Message: "is not a slug", Fix: "use letters, digits, '-', '_', '.', '/' or '#'",
			})
		}
	}
	err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		var found bool
		if err := tx.QueryRow(ctx, known, pgx.NamedArgs{"slug": redirect.Slug}).Scan(&found); err != nil {
			return err
		}
		if !found {
			return ErrArticleNotFound
		}
		if err := insertRedirect(ctx, tx, redirect); err != nil {
			return err
		}
		return x.tell(ctx, tx, Change{Action: ChangeRedirected, Actor: redirect.CreatedBy, Live: true, Slug: redirect.OldSlug})
	})
	if err != nil {
		return fmt.Errorf("redirect %s: %w", redirect.OldSlug, err)
	}
	return nil
}

// RemoveRedirect ends one; it returns ErrArticleNotFound when there is none.
func (x *Index) RemoveRedirect(ctx context.Context, oldSlug, actor string) error {
	err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM article_redirects WHERE old_slug = @old`, pgx.NamedArgs{"old": oldSlug})
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrArticleNotFound
		}
		if err != nil {
			return err
		}
		return x.tell(ctx, tx, Change{Action: ChangeRedirected, Actor: actor, Live: true, Slug: oldSlug})
	})
	if err != nil {
		return fmt.Errorf("remove redirect %s: %w", oldSlug, err)
	}
	return nil
}

// Resolve follows the redirects from a slug to where they end; a slug that was never renamed is its own end.
func (x *Index) Resolve(ctx context.Context, slug string) (string, error) {
	return resolve(ctx, x.pool, slug)
}

func resolve(ctx context.Context, pool *pgxpool.Pool, slug string) (string, error) {
	// The database has no cycles; UNION would end one all the same.
	const query = `
		WITH RECURSIVE chain (slug) AS (
			SELECT @slug::text
			UNION
			SELECT r.slug FROM chain c JOIN article_redirects r ON r.old_slug = c.slug
		)
		SELECT c.slug FROM chain c WHERE NOT EXISTS (SELECT FROM article_redirects r WHERE r.old_slug = c.slug)`
	var end string
	if err := pool.QueryRow(ctx, query, pgx.NamedArgs{"slug": slug}).Scan(&end); err != nil {
		return "", fmt.Errorf("resolve slug: %w", err)
	}
	return end, nil
}

func insertRedirect(ctx context.Context, tx pgx.Tx, redirect Redirect) error {
	const upsert = `
		INSERT INTO article_redirects (old_slug, slug, created_by) VALUES (@old, @slug, @by)
		ON CONFLICT (old_slug) DO UPDATE SET slug = excluded.slug, created_by = excluded.created_by, created_at = now()
		WHERE article_redirects.slug <> excluded.slug`
	_, err := tx.Exec(ctx, upsert, pgx.NamedArgs{"by": redirect.CreatedBy, "old": redirect.OldSlug, "slug": redirect.Slug})
	switch {
	case violates(err, "article_redirects_cycle_check"):
		return ErrRedirectCycle
	case violates(err, "article_redirects_unused_check"):
		return ErrRedirectInUse
	case err != nil:
		return fmt.Errorf("write redirect: %w", err)
	}
	return nil
}

// violates reports whether err is the violation of the named constraint.
func violates(err error, constraint string) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.ConstraintName == constraint
}

// redirectClaim is an article that names an earlier slug of its own.
type redirectClaim struct {
	file string
	line int
	slug string
}

func (c redirectClaim) problem(old, message, fix string) error {
	return &Problem{Field: "redirects", File: c.file, Fix: fix, Line: c.line, Message: fmt.Sprintf("%q %s", Shorten(old), message)}
}

// claim notes the earlier slugs of an article. Two articles cannot have had the same one.
func (r *importRun) claim(article Article) {
	for _, old := range article.Redirects {
		claim := redirectClaim{file: article.File, line: article.Line, slug: article.Slug}
		if first, ok := r.redirects[old]; ok && first.slug != article.Slug {
			r.problem(claim.problem(old, "already leads to "+first.slug+" in "+first.file, "name it in one article only"))
			continue
		}
		r.redirects[old] = claim
	}
}

// redirect writes the claims, after what was renamed away is gone.
func (r *importRun) redirect(ctx context.Context) error {
	if r.options.DryRun {
		return nil
	}
	for _, old := range slices.Sorted(maps.Keys(r.redirects)) {
		claim := r.redirects[old]
		if r.failed[claim.file] {
			continue // it would lead to what is not there
		}
		err := pgx.BeginFunc(ctx, r.index.pool, func(tx pgx.Tx) error {
			return insertRedirect(ctx, tx, Redirect{CreatedBy: r.options.Actor, OldSlug: old, Slug: claim.slug})
		})
		switch {
		case errors.Is(err, ErrRedirectCycle):
			r.problem(claim.problem(old, "leads back to itself through other redirects", "remove one of them: deskhand kb redirect"))
		case errors.Is(err, ErrRedirectInUse):
			r.problem(claim.problem(old, "is still the slug of an article", "remove that article, or import with --prune"))
		case err != nil:
			return err
		}
	}
	return nil
}
