package retrieval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// StoredArticle is an article with what the database knows of it.
type StoredArticle struct {
	Audience      Audience   `db:"audience"`
	Body          string     `db:"body_markdown"`
	Category      string     `db:"category"`
	CreatedAt     time.Time  `db:"created_at"`
	ID            int64      `db:"id"`
	Intents       []string   `db:"intents"`
	Jurisdictions []string   `db:"jurisdictions"`
	Locale        string     `db:"locale"`
	Passages      int        `db:"passages"`
	ReviewBy      *time.Time `db:"review_by"`
	Slug          string     `db:"slug"`
	Source        string     `db:"source"`
	Status        Status     `db:"status"`
	Title         string     `db:"title"`
	UpdatedAt     time.Time  `db:"updated_at"`
	Version       int        `db:"version"`
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Audience Audience
	Category string
	Locale   string
	Slug     string
	Source   string
	// StaleOn keeps only articles whose review date is before this day.
	StaleOn time.Time
	Status  Status
}

// Article returns one article with its body, or ErrArticleNotFound.
func (x *Index) Article(ctx context.Context, slug, locale string) (StoredArticle, error) {
	const query = selectArticle + ` WHERE a.slug = @slug AND a.locale = @locale`
	rows, err := x.pool.Query(ctx, query, pgx.NamedArgs{"locale": locale, "slug": slug, "with_body": true})
	if err != nil {
		return StoredArticle{}, fmt.Errorf("read article %s (%s): %w", slug, locale, err)
	}
	article, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[StoredArticle])
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrArticleNotFound
	}
	if err != nil {
		return StoredArticle{}, fmt.Errorf("read article %s (%s): %w", slug, locale, err)
	}
	return article, nil
}

// List returns the articles that match, without their bodies, ordered by slug and locale.
func (x *Index) List(ctx context.Context, filter Filter) ([]StoredArticle, error) {
	const query = selectArticle + `
		WHERE (@audience = '' OR a.audience = @audience)
			AND (@category = '' OR a.category = @category)
			AND (@locale = '' OR a.locale = @locale)
			AND (@slug = '' OR a.slug = @slug)
			AND (@source = '' OR a.source = @source)
			AND (@stale_on::date IS NULL OR a.review_by < @stale_on)
			AND (@status = '' OR a.status = @status)
		ORDER BY a.slug, a.locale`
	args := pgx.NamedArgs{
		"audience":  string(filter.Audience),
		"category":  filter.Category,
		"locale":    filter.Locale,
		"slug":      filter.Slug,
		"source":    filter.Source,
		"stale_on":  nil,
		"status":    string(filter.Status),
		"with_body": false,
	}
	if !filter.StaleOn.IsZero() {
		args["stale_on"] = filter.StaleOn
	}
	rows, err := x.pool.Query(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	articles, err := pgx.CollectRows(rows, pgx.RowToStructByName[StoredArticle])
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return articles, nil
}

const selectArticle = `
	SELECT a.id, a.slug, a.locale, a.title, CASE WHEN @with_body THEN a.body_markdown ELSE '' END AS body_markdown, a.category,
		a.intents, a.audience, a.status, a.review_by, a.jurisdictions, a.source, a.version, a.created_at, a.updated_at,
		(SELECT count(*) FROM passages p WHERE p.article_id = a.id) AS passages
	FROM articles a`
