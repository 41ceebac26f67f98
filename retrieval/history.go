package retrieval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrVersionNotFound is returned for a version that an article never had.
var ErrVersionNotFound = errors.New("version not found")

// Version is one state of an article in one language, with who wrote it and when.
type Version struct {
	Audience  Audience  `db:"audience"`
	Body      string    `db:"body_markdown"`
	Category  string    `db:"category"`
	ChangedAt time.Time `db:"changed_at"`
	ChangedBy string    `db:"changed_by"`
	// Deleted marks the end of the article; the rest repeats what it said last.
	Deleted       bool     `db:"deleted"`
	Intents       []string `db:"intents"`
	Jurisdictions []string `db:"jurisdictions"`
	// Live is set on the version that a search finds.
	Live     bool       `db:"live"`
	Locale   string     `db:"locale"`
	Number   int        `db:"version"`
	ReviewBy *time.Time `db:"review_by"`
	Slug     string     `db:"slug"`
	Source   string     `db:"source"`
	Status   Status     `db:"status"`
	Title    string     `db:"title"`
}

// Article is what the author wrote.
func (v Version) Article() Article {
	a := Article{
		Audience: v.Audience, Body: v.Body, Category: v.Category, Intents: v.Intents, Jurisdictions: v.Jurisdictions,
		Locale: v.Locale, Slug: v.Slug, Status: v.Status, Title: v.Title,
	}
	if v.ReviewBy != nil {
		a.ReviewBy = *v.ReviewBy
	}
	return a
}

const selectVersion = `
	SELECT v.slug, v.locale, v.version, v.title, CASE WHEN @with_body THEN v.body_markdown ELSE '' END AS body_markdown,
		v.category, v.intents, v.audience, v.status, v.review_by, v.jurisdictions, v.source, v.deleted, v.changed_by, v.changed_at,
		NOT v.deleted AND coalesce(a.version = v.version, false) AS live
	FROM article_versions v LEFT JOIN articles a ON a.slug = v.slug AND a.locale = v.locale`

// History returns the versions of an article, the newest first and without their bodies; in all languages when locale is
// empty. It returns ErrArticleNotFound when there never was such an article.
func (x *Index) History(ctx context.Context, slug, locale string) ([]Version, error) {
	const query = selectVersion + `
		WHERE v.slug = @slug AND (@locale = '' OR v.locale = @locale)
		ORDER BY v.changed_at DESC, v.locale, v.version DESC`
	rows, err := x.pool.Query(ctx, query, pgx.NamedArgs{"locale": locale, "slug": slug, "with_body": false})
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("history of %s: %w", slug, ErrArticleNotFound)
	}
	return versions, nil
}

// ArticleVersion returns one version with its body; the newest when number is 0. It returns ErrVersionNotFound where there is none.
func (x *Index) ArticleVersion(ctx context.Context, slug, locale string, number int) (Version, error) {
	version, err := readVersion(ctx, x.pool, articleKey{slug: slug, locale: locale}, number)
	if err != nil {
		return Version{}, fmt.Errorf("read version of %s (%s): %w", slug, locale, err)
	}
	return version, nil
}

func readVersion(ctx context.Context, from querier, key articleKey, number int) (Version, error) {
	const query = selectVersion + `
		WHERE v.slug = @slug AND v.locale = @locale AND (@number = 0 OR v.version = @number)
		ORDER BY v.version DESC LIMIT 1`
	rows, err := from.Query(ctx, query, pgx.NamedArgs{"locale": key.locale, "number": number, "slug": key.slug, "with_body": true})
	if err != nil {
		return Version{}, err
	}
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	if errors.Is(err, pgx.ErrNoRows) {
		return Version{}, ErrVersionNotFound
	}
	return version, err
}

// AuthorFilter narrows a list of what authors have written. Empty fields do not.
type AuthorFilter struct {
	// AfterSlug and AfterLocale are the last article of the page before.
	AfterLocale string
	AfterSlug   string
	// Bodies asks for the texts too.
	Bodies bool
	Limit  int
	Locale string
	Status Status
	Words  Words
}

// Written returns the newest version of each article that is not deleted, without bodies, by slug and locale: also those
// that are not live yet. Without a
// limit it returns all.
func (x *Index) Written(ctx context.Context, filter AuthorFilter) ([]Version, error) {
	query := selectVersion + `
		WHERE NOT v.deleted
			AND NOT EXISTS (
				SELECT FROM article_versions n WHERE n.slug = v.slug AND n.locale = v.locale AND n.version > v.version)
			AND (@locale = '' OR v.locale = @locale)
			AND (@status = '' OR v.status = @status)
			AND ` + containsWords("v") + `
			AND (v.slug, v.locale) > (@after_slug, @after_locale)
		ORDER BY v.slug, v.locale LIMIT nullif(@limit, 0)`
	rows, err := x.pool.Query(ctx, query, pgx.NamedArgs{
		"after_locale": filter.AfterLocale, "after_slug": filter.AfterSlug, "limit": filter.Limit, "locale": filter.Locale,
		"status": string(filter.Status), "with_body": filter.Bodies, "words": filter.Words.patterns(),
	})
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return versions, nil
}
