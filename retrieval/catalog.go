package retrieval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
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

// Readable reports whether customers may read the article at a moment: it is public, published and not past its review date.
func (a StoredArticle) Readable(at time.Time) bool {
	stale := a.ReviewBy != nil && Query{Now: at}.today().stale(*a.ReviewBy)
	return a.Audience == AudiencePublic && a.Status == StatusPublished && !stale
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	// AfterSlug and AfterLocale are the last article of the page before.
	AfterLocale string
	AfterSlug   string
	Audience    Audience
	Category    string
	// FreshOn leaves out articles whose review date is before this day.
	FreshOn time.Time
	// Limit is how many to return at most, all when 0.
	Limit  int
	Locale string
	Slug   string
	Source string
	// StaleOn keeps only articles whose review date is before this day.
	StaleOn time.Time
	Status  Status
	Words   Words
}

// Article returns one article with its body, also by a slug that it had before, or ErrArticleNotFound. It is the version
// that a search finds.
func (x *Index) Article(ctx context.Context, slug, locale string) (StoredArticle, error) {
	return ReadArticle(ctx, x.pool, slug, locale)
}

// ReadArticle is [Index.Article] for who searches nothing and so needs no embedding model.
func ReadArticle(ctx context.Context, pool *pgxpool.Pool, slug, locale string) (StoredArticle, error) {
	article, err := readArticle(ctx, pool, articleKey{slug: slug, locale: locale})
	if errors.Is(err, ErrArticleNotFound) {
		var end string
		if end, err = resolve(ctx, pool, slug); err == nil {
			article, err = readArticle(ctx, pool, articleKey{slug: end, locale: locale})
		}
	}
	if err != nil {
		return StoredArticle{}, fmt.Errorf("read article %s (%s): %w", slug, locale, err)
	}
	return article, nil
}

func readArticle(ctx context.Context, pool *pgxpool.Pool, key articleKey) (StoredArticle, error) {
	const query = selectArticle + ` WHERE a.slug = @slug AND a.locale = @locale`
	rows, err := pool.Query(ctx, query, pgx.NamedArgs{"locale": key.locale, "slug": key.slug, "with_body": true})
	if err != nil {
		return StoredArticle{}, err
	}
	article, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[StoredArticle])
	if errors.Is(err, pgx.ErrNoRows) {
		return StoredArticle{}, ErrArticleNotFound
	}
	return article, err
}

// List returns the articles that match, without their bodies, ordered by slug and locale.
func (x *Index) List(ctx context.Context, filter Filter) ([]StoredArticle, error) {
	query := selectArticle + `
		WHERE (@audience = '' OR a.audience = @audience)
			AND (@category = '' OR a.category = @category)
			AND (@locale = '' OR a.locale = @locale)
			AND (@slug = '' OR a.slug = @slug)
			AND (@source = '' OR a.source = @source)
			AND (@fresh_on::date IS NULL OR a.review_by IS NULL OR a.review_by >= @fresh_on)
			AND (@stale_on::date IS NULL OR a.review_by < @stale_on)
			AND (@status = '' OR a.status = @status)
			AND ` + containsWords("a") + `
			AND (a.slug, a.locale) > (@after_slug, @after_locale)
		ORDER BY a.slug, a.locale LIMIT nullif(@limit, 0)`
	args := pgx.NamedArgs{
		"after_locale": filter.AfterLocale,
		"after_slug":   filter.AfterSlug,
		"audience":     string(filter.Audience),
		"category":     filter.Category,
		"fresh_on":     nil,
		"limit":        filter.Limit,
		"locale":       filter.Locale,
		"slug":         filter.Slug,
		"source":       filter.Source,
		"stale_on":     nil,
		"status":       string(filter.Status),
		"with_body":    false,
		"words":        filter.Words.patterns(),
	}
	if !filter.FreshOn.IsZero() {
		args["fresh_on"] = filter.FreshOn
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
