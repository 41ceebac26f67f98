package retrieval

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// authorSource is the source of articles that were written here and not imported. No import prunes them.
const authorSource = "desk"

// ErrVersionConflict is returned when an article has another version than the one that its author saw.
var ErrVersionConflict = errors.New("the article has another version")

// ChangedFunc is told of a change in the transaction that makes it: whatever it writes is written with it or not at all.
type ChangedFunc func(ctx context.Context, tx pgx.Tx, change Change) error

// ChangeAction is what an author did.
type ChangeAction string

// The actions of an author.
const (
	ChangeCreated    ChangeAction = "create"
	ChangeRedirected ChangeAction = "redirect"
	ChangeRemoved    ChangeAction = "remove"
	ChangeUpdated    ChangeAction = "update"
)

// Change is what an author did to one article.
type Change struct {
	Action ChangeAction
	Actor  string
	// Live says that a search finds the change already. If not, somebody must call Index.Apply.
	Live bool
	// Locale and Version are empty for a redirect, whose old slug Slug is.
	Locale  string
	Slug    string
	Version int
}

// Edit is an article as an author wants it.
type Edit struct {
	Actor   string
	Article Article
	// Version is the one that the author saw, 0 for an article that is new.
	Version int
}

// Save records a new version of an article. It takes effect at once when its passages have their vectors, as after a change
// of the title's case, the audience or the status; otherwise the old passages stay until Apply has made the new ones. Saving
// what is there already changes nothing.
//
// It returns a *Problem for what cannot be stored, ErrVersionConflict when the article has another version or, for a new
// one, exists.
func (x *Index) Save(ctx context.Context, edit Edit) (Version, error) {
	key := articleKey{slug: edit.Article.Slug, locale: edit.Article.Locale}
	version, err := x.save(ctx, key, edit)
	if err != nil {
		return Version{}, fmt.Errorf("save article %s (%s): %w", key.slug, key.locale, err)
	}
	return version, nil
}

func (x *Index) save(ctx context.Context, key articleKey, edit Edit) (version Version, err error) {
	if err := edit.Article.Validate(); err != nil {
		return Version{}, err
	}
	edit.Article = edit.Article.Normalised()
	modelID, err := x.registered()
	if err != nil {
		return Version{}, err
	}
	pending := []pendingArticle{{article: edit.Article, hash: edit.Article.hash()}}
	if err := x.split(ctx, pending); err != nil {
		return Version{}, err
	}
	err = x.asAuthor(ctx, edit.Actor, func(tx pgx.Tx) error {
		newest, err := newestVersion(ctx, tx, key)
		if err != nil {
			return err
		}
		if newest.visible() != edit.Version {
			return ErrVersionConflict
		}
		p := &pending[0]
		if p.source = newest.Source; newest.Number == 0 {
			p.source = authorSource
		}
		if p.version = newest.Number + 1; newest.holds(p.hash) {
			p.version = newest.Number
		}
		live, err := x.recordOrWrite(ctx, tx, modelID, pending)
		if err != nil {
			return err
		}
		if version, err = readVersion(ctx, tx, key, p.version); err != nil || newest.holds(p.hash) {
			return err
		}
		change := Change{Action: ChangeUpdated, Actor: edit.Actor, Live: live, Locale: key.locale, Slug: key.slug, Version: p.version}
		if edit.Version == 0 {
			change.Action = ChangeCreated
		}
		return x.tell(ctx, tx, change)
	})
	return version, err
}

// recordOrWrite makes a version live when no vector is missing, and else only records it.
func (x *Index) recordOrWrite(ctx context.Context, tx pgx.Tx, modelID int32, articles []pendingArticle) (live bool, err error) {
	texts, _, err := x.textsWithoutVector(ctx, tx, modelID, articles)
	if err != nil {
		return false, err
	}
	if len(texts) > 0 {
		return false, recordVersions(ctx, tx, articles)
	}
	return true, x.write(ctx, articleWriter{modelID: modelID, tx: tx}, articles)
}

// write makes articles live.
func (x *Index) write(ctx context.Context, w articleWriter, articles []pendingArticle) error {
	w.index = x
	if err := w.write(ctx, articles); err != nil {
		return err
	}
	return w.finish(ctx)
}

// recordVersions writes what is not live yet into the history.
func recordVersions(ctx context.Context, tx pgx.Tx, articles []pendingArticle) error {
	const insert = `
		INSERT INTO article_versions (slug, locale, version, title, body_markdown, category, intents, audience, status,
			review_by, jurisdictions, content_hash, source, changed_by)
		SELECT w.slug, w.locale, w.version, w.title, w.body, w.category, w.intents::text[], w.audience, w.status,
			w.review_by, w.jurisdictions::text[], w.hash, w.source, article_actor()
		FROM unnest(@slugs::text[], @locales::text[], @titles::text[], @bodies::text[], @categories::text[],
			@intents::text[], @audiences::text[], @statuses::text[], @review_bys::date[], @jurisdictions::text[],
			@hashes::bytea[], @sources::text[], @versions::integer[])
		AS w (slug, locale, title, body, category, intents, audience, status, review_by, jurisdictions, hash, source, version)
		ON CONFLICT (slug, locale, version) DO NOTHING`
	if _, err := tx.Exec(ctx, insert, articleArgs(articles)); err != nil {
		return fmt.Errorf("record version: %w", err)
	}
	return nil
}

// Remove deletes an article in one language; its history stays. Version is the one that the author saw.
func (x *Index) Remove(ctx context.Context, edit Edit) error {
	key := articleKey{slug: edit.Article.Slug, locale: edit.Article.Locale}
	err := x.asAuthor(ctx, edit.Actor, func(tx pgx.Tx) error {
		newest, err := newestVersion(ctx, tx, key)
		switch {
		case err != nil:
			return err
		case newest.visible() == 0:
			return ErrArticleNotFound
		case newest.Number != edit.Version:
			return ErrVersionConflict
		}
		tag, err := tx.Exec(ctx, `DELETE FROM articles WHERE slug = @slug AND locale = @locale`,
			pgx.NamedArgs{"locale": key.locale, "slug": key.slug})
		if err == nil && tag.RowsAffected() == 0 {
			err = recordRemoval(ctx, tx, newest)
		}
		if err != nil {
			return err
		}
		return x.tell(ctx, tx, Change{
			Action: ChangeRemoved, Actor: edit.Actor, Live: true, Locale: key.locale, Slug: key.slug, Version: newest.Number + 1,
		})
	})
	if err != nil {
		return fmt.Errorf("remove article %s (%s): %w", key.slug, key.locale, err)
	}
	return nil
}

// recordRemoval ends an article that never was live: no trigger sees that.
func recordRemoval(ctx context.Context, tx pgx.Tx, newest newestRow) error {
	const insert = `
		INSERT INTO article_versions (slug, locale, version, title, body_markdown, category, intents, audience, status,
			review_by, jurisdictions, content_hash, source, deleted, changed_by)
		SELECT slug, locale, version + 1, title, body_markdown, category, intents, audience, status,
			review_by, jurisdictions, content_hash, source, true, article_actor()
		FROM article_versions WHERE slug = @slug AND locale = @locale AND version = @version`
	args := pgx.NamedArgs{"locale": newest.Locale, "slug": newest.Slug, "version": newest.Number}
	if _, err := tx.Exec(ctx, insert, args); err != nil {
		return fmt.Errorf("record removal: %w", err)
	}
	return nil
}

// Apply makes the newest version of an article live: it makes the vectors that are missing, then replaces the passages in one
// transaction, so that a search sees the old ones or the new ones. It returns false when there was nothing to do. When the
// article changes again meanwhile, nothing is written and ErrVersionConflict is returned: apply again.
func (x *Index) Apply(ctx context.Context, slug, locale string) (applied bool, err error) {
	applied, err = x.apply(ctx, articleKey{slug: slug, locale: locale})
	if err != nil {
		return false, fmt.Errorf("apply article %s (%s): %w", slug, locale, err)
	}
	return applied, nil
}

func (x *Index) apply(ctx context.Context, key articleKey) (bool, error) {
	modelID, err := x.registered()
	if err != nil {
		return false, err
	}
	newest, err := readVersion(ctx, x.pool, key, 0)
	if errors.Is(err, ErrVersionNotFound) || err == nil && (newest.Deleted || newest.Live) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	article := newest.Article()
	pending := []pendingArticle{{article: article, hash: article.hash(), source: newest.Source, version: newest.Number}}
	if err := x.split(ctx, pending); err != nil {
		return false, err
	}
	vectors, _, err := x.vectorsFor(ctx, modelID, pending)
	if err != nil {
		return false, err
	}
	err = x.asAuthor(ctx, newest.ChangedBy, func(tx pgx.Tx) error {
		now, err := newestVersion(ctx, tx, key)
		if err != nil {
			return err
		}
		if now.Number != newest.Number {
			return ErrVersionConflict
		}
		return x.write(ctx, articleWriter{modelID: modelID, tx: tx, vectors: vectors}, pending)
	})
	if err != nil {
		return false, err
	}
	return true, nil
}

// newestRow is what decides whether an author may write.
type newestRow struct {
	Deleted bool   `db:"deleted"`
	Hash    []byte `db:"content_hash"`
	Locale  string `db:"locale"`
	Number  int    `db:"version"`
	Slug    string `db:"slug"`
	Source  string `db:"source"`
}

// visible is the version that an author sees, 0 when there is no article.
func (r newestRow) visible() int {
	if r.Deleted {
		return 0
	}
	return r.Number
}

func (r newestRow) holds(hash []byte) bool { return !r.Deleted && string(r.Hash) == string(hash) }

func newestVersion(ctx context.Context, tx pgx.Tx, key articleKey) (newestRow, error) {
	const query = `
		SELECT slug, locale, version, deleted, content_hash, source FROM article_versions
		WHERE slug = @slug AND locale = @locale ORDER BY version DESC LIMIT 1`
	rows, err := tx.Query(ctx, query, pgx.NamedArgs{"locale": key.locale, "slug": key.slug})
	if err != nil {
		return newestRow{}, fmt.Errorf("read newest version: %w", err)
	}
	newest, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[newestRow])
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return newestRow{}, fmt.Errorf("read newest version: %w", err)
	}
	return newest, nil
}

// asAuthor runs a change of a person: alone, and under their name.
func (x *Index) asAuthor(ctx context.Context, actor string, change func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := setActor(ctx, tx, actor); err != nil {
			return err
		}
		if err := lockKnowledgeBase(ctx, tx); err != nil {
			return err
		}
		return change(tx)
	})
}

func (x *Index) tell(ctx context.Context, tx pgx.Tx, change Change) error {
	if x.changed == nil {
		return nil
	}
	if err := x.changed(ctx, tx, change); err != nil {
		return fmt.Errorf("report change: %w", err)
	}
	return nil
}
