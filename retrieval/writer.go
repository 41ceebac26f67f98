package retrieval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/passage"
)

// errChangedMeanwhile is returned when another import took a passage away whose vector was to be kept.
var errChangedMeanwhile = errors.New("the article was changed by someone else meanwhile: import it again")

// ErrModelSwitched is returned when the desk searches by another embedding model than the one that would be written.
var ErrModelSwitched = errors.New("the desk has switched to another embedding model meanwhile")

// articleWriter writes articles with all that belongs to them in one transaction, whose last step is finish.
type articleWriter struct {
	writtenArticles

	// beside says that the transaction writes new articles beside others (writeBeside).
	beside  bool
	index   *Index
	modelID int32
	tx      pgx.Tx
	vectors map[string][]float32

	// Rows to copy with the articles, and what goes before.
	embeddings []newVector
	gone       []int64
	passages   [][]any
}

// writtenArticles is what a writer has done, and what is left for its end.
type writtenArticles struct {
	added        int
	articles     int
	passageCount int
	reindexed    []int64
	terms        [][]any
}

// newVector is a vector that is to be stored.
type newVector struct {
	id     int64
	locale string
	vector []float32
}

// try writes articles all or, with an error, none; the transaction goes on in both cases.
func (w *articleWriter) try(ctx context.Context, articles []pendingArticle) error {
	if len(articles) == 0 {
		return nil
	}
	before := w.writtenArticles
	err := pgx.BeginFunc(ctx, w.tx, func(pgx.Tx) error { return w.write(ctx, articles) })
	if err != nil {
		w.writtenArticles = before
	}
	return err
}

func (w *articleWriter) write(ctx context.Context, articles []pendingArticle) error {
	w.embeddings, w.gone, w.passages = nil, nil, nil
	if !w.beside {
		if err := lockKnowledgeBase(ctx, w.tx); err != nil {
			return err
		}
	}
	if err := w.checkModel(ctx); err != nil {
		return err
	}
	added, err := w.upsertArticles(ctx, articles)
	if err != nil {
		return err
	}
	if w.beside && added < len(articles) {
		return errKnownMeanwhile
	}
	stored, err := w.storedPassages(ctx, articles)
	if err != nil {
		return err
	}
	ids, err := w.reserveIDs(ctx, articles)
	if err != nil {
		return err
	}
	moves := &pgx.Batch{}
	for _, p := range articles {
		if ids, err = w.plan(p, stored[p.id], ids, moves); err != nil {
			return err
		}
		w.passageCount += len(p.passages)
	}
	w.added += added
	w.articles += len(articles)
	return w.apply(ctx, moves)
}

// checkModel refuses to write vectors that nobody would search by: the desk may have switched to another model meanwhile.
func (w *articleWriter) checkModel(ctx context.Context) error {
	const query = `SELECT name FROM embedding_models WHERE active AND id <> @model AND EXISTS (SELECT FROM passages)`
	var name string
	err := w.tx.QueryRow(ctx, query, pgx.NamedArgs{"model": w.modelID}).Scan(&name)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("read active model: %w", err)
	}
	return fmt.Errorf("%w: %s", ErrModelSwitched, name)
}

// upsertArticles sets the ids of articles and returns how many are new.
func (w *articleWriter) upsertArticles(ctx context.Context, articles []pendingArticle) (added int, err error) {
	// A version that was recorded before becomes live; otherwise it is the one after the newest. New rules alone do not make
	// a new version of what the author wrote.
	const upsert = `
		WITH wanted AS (
			SELECT slug, locale, title, body, category, intents, audience, status, review_by, jurisdictions, hash, source, version
			FROM unnest(@slugs::text[], @locales::text[], @titles::text[], @bodies::text[], @categories::text[],
				@intents::text[], @audiences::text[], @statuses::text[], @review_bys::date[], @jurisdictions::text[],
				@hashes::bytea[], @sources::text[], @versions::integer[])
			AS w (slug, locale, title, body, category, intents, audience, status, review_by, jurisdictions, hash, source, version)
		)
		INSERT INTO articles AS a (slug, locale, title, body_markdown, category, intents, audience, status, review_by,
			jurisdictions, content_hash, indexed_with, source, version)
		SELECT w.slug, w.locale, w.title, w.body, w.category, w.intents::text[], w.audience, w.status, w.review_by,
			w.jurisdictions::text[], w.hash, @rules, w.source,
			coalesce(nullif(w.version, 0), CASE WHEN l.content_hash = w.hash THEN l.version END, greatest(h.newest, l.version, 0) + 1)
		FROM wanted w
		LEFT JOIN articles l USING (slug, locale)
		LEFT JOIN LATERAL (
			SELECT max(v.version) AS newest FROM article_versions v WHERE v.slug = w.slug AND v.locale = w.locale
		) h ON true
		ON CONFLICT ON CONSTRAINT articles_slug_locale_key DO UPDATE SET
			title = excluded.title, body_markdown = excluded.body_markdown, category = excluded.category,
			intents = excluded.intents, audience = excluded.audience, status = excluded.status,
			review_by = excluded.review_by, jurisdictions = excluded.jurisdictions, source = excluded.source,
			version = excluded.version, content_hash = excluded.content_hash, indexed_with = excluded.indexed_with,
			updated_at = now()
		RETURNING a.slug, a.locale, a.id, a.xmax = 0`
	args := articleArgs(articles)
	args["rules"] = w.index.rules
	rows, err := w.tx.Query(ctx, upsert, args)
	if err != nil {
		return 0, fmt.Errorf("upsert articles: %w", err)
	}
	ids := make(map[articleKey]int64, len(articles))
	var key articleKey
	var id int64
	var inserted bool
	_, err = pgx.ForEachRow(rows, []any{&key.slug, &key.locale, &id, &inserted}, func() error {
		ids[key] = id
		if inserted {
			added++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("upsert articles: %w", err)
	}
	for i := range articles {
		articles[i].id = ids[articles[i].key()]
	}
	return added, nil
}

// articleArgs are articles as parallel arrays, so that one statement writes them all and raises the version of the
// knowledge base once.
func articleArgs(articles []pendingArticle) pgx.NamedArgs {
	n := len(articles)
	columns := make(map[string][]string)
	hashes, reviewBys, versions := make([][]byte, n), make([]*time.Time, n), make([]int, n)
	for i, p := range articles {
		a := p.article
		for name, value := range map[string]string{
			"audiences": string(a.Audience), "bodies": a.Body, "categories": a.Category, "intents": arrayLiteral(a.Intents),
			"jurisdictions": arrayLiteral(a.Jurisdictions), "locales": a.Locale, "slugs": a.Slug, "sources": p.source,
			"statuses": string(a.Status), "titles": a.Title,
		} {
			columns[name] = append(columns[name], value)
		}
		hashes[i], versions[i] = p.hash, p.version
		if !a.ReviewBy.IsZero() {
			reviewBys[i] = &a.ReviewBy
		}
	}
	args := pgx.NamedArgs{"hashes": hashes, "review_bys": reviewBys, "versions": versions}
	for name, values := range columns {
		args[name] = values
	}
	return args
}

// arrayLiteral is a list as PostgreSQL writes an array. Validate has seen to it that no item needs escaping.
func arrayLiteral(list []string) string {
	quoted := make([]string, len(list))
	for i, item := range list {
		quoted[i] = `"` + item + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}

// storedPassage is a passage that the database has.
type storedPassage struct {
	ArticleID int64  `db:"article_id"`
	Embedded  bool   `db:"embedded"`
	Hash      []byte `db:"text_hash"`
	ID        int64  `db:"id"`
}

func (w *articleWriter) storedPassages(ctx context.Context, articles []pendingArticle) (map[int64][]storedPassage, error) {
	const query = `
		SELECT p.id, p.article_id, p.text_hash,
			EXISTS (SELECT FROM embeddings e WHERE e.model_id = @model AND e.passage_id = p.id) AS embedded
		FROM passages p WHERE p.article_id = ANY(@articles) ORDER BY p.article_id, p.ordinal`
	articleIDs := make([]int64, len(articles))
	for i, p := range articles {
		articleIDs[i] = p.id
	}
	rows, err := w.tx.Query(ctx, query, pgx.NamedArgs{"articles": articleIDs, "model": w.modelID})
	if err != nil {
		return nil, fmt.Errorf("read stored passages: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[storedPassage])
	if err != nil {
		return nil, fmt.Errorf("read stored passages: %w", err)
	}
	stored := make(map[int64][]storedPassage, len(articles))
	for _, p := range all {
		stored[p.ArticleID] = append(stored[p.ArticleID], p)
	}
	return stored, nil
}

// reserveIDs returns an id for every passage, some of which will not be needed.
func (w *articleWriter) reserveIDs(ctx context.Context, articles []pendingArticle) ([]int64, error) {
	const query = `SELECT nextval(pg_get_serial_sequence('passages', 'id')) FROM generate_series(1, @count)`
	count := 0
	for _, p := range articles {
		count += len(p.passages)
	}
	rows, err := w.tx.Query(ctx, query, pgx.NamedArgs{"count": count})
	if err != nil {
		return nil, fmt.Errorf("reserve passage ids: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("reserve passage ids: %w", err)
	}
	return ids, nil
}

// plan decides for each passage of one article whether it is kept, moved or new. It returns the ids that are left.
func (w *articleWriter) plan(p pendingArticle, stored []storedPassage, ids []int64, moves *pgx.Batch) ([]int64, error) {
	const move = `UPDATE passages SET ordinal = @ordinal WHERE id = @id AND ordinal <> @ordinal`
	byHash := make(map[string][]storedPassage)
	for _, s := range stored {
		byHash[string(s.Hash)] = append(byHash[string(s.Hash)], s)
	}
	for ordinal, passage := range p.passages {
		var id int64
		embedded := false
		hash := string(passage.Hash)
		if same := byHash[hash]; len(same) > 0 {
			id, embedded = same[0].ID, same[0].Embedded
			byHash[hash] = same[1:]
			w.reindexed = append(w.reindexed, id)
			moves.Queue(move, pgx.NamedArgs{"id": id, "ordinal": ordinal})
		} else {
			id, ids = ids[0], ids[1:]
			w.passages = append(w.passages, []any{
				id, p.id, p.article.Locale, ordinal, nonNil(passage.HeadingPath), passage.Body, passage.Tokens, passage.Hash,
			})
		}
		t := passage.terms
		w.terms = append(w.terms, []any{id, p.article.Locale, t.ids, t.frequencies, t.length})
		if embedded {
			continue
		}
		vector, ok := w.vectors[hash]
		if !ok {
			return nil, errChangedMeanwhile
		}
		w.embeddings = append(w.embeddings, newVector{id: id, locale: p.article.Locale, vector: vector})
	}
	for _, left := range byHash {
		for _, s := range left {
			w.gone = append(w.gone, s.ID)
		}
	}
	return ids, nil
}

// draftPassage is a passage with its terms, before it has a row.
type draftPassage struct {
	passage.Draft

	terms passageTerms
}

// passageTerms are the lexical half of a passage, as its row holds them.
type passageTerms struct {
	frequencies []int16
	ids         []int32
	length      int
}

func (x *Index) termsOf(title, text, locale string) passageTerms {
	document := x.analyzer.Document(strings.Repeat(title+"\n", titleRepeats)+text, locale)
	counts := make(map[int32]int, len(document.Counts))
	for term, count := range document.Counts {
		counts[lexical.ID(term)] += count
	}
	terms := passageTerms{
		frequencies: make([]int16, 0, len(counts)), ids: make([]int32, 0, len(counts)),
		length: document.Length,
	}
	for term, count := range counts {
		terms.ids = append(terms.ids, term)
		terms.frequencies = append(terms.frequencies, int16(min(count, math.MaxInt16))) //nolint:gosec // bounded
	}
	return terms
}

// apply removes what is gone, moves what is kept, and copies what is new.
func (w *articleWriter) apply(ctx context.Context, moves *pgx.Batch) error {
	if len(w.gone) > 0 {
		moves.Queue(`DELETE FROM passages WHERE id = ANY(@ids)`, pgx.NamedArgs{"ids": w.gone})
	}
	if err := w.tx.SendBatch(ctx, moves).Close(); err != nil {
		return fmt.Errorf("replace passages: %w", err)
	}
	columns := []string{"id", "article_id", "locale", "ordinal", "heading_path", "body", "token_count", "text_hash"}
	if err := w.copy(ctx, "passages", columns, pgx.CopyFromRows(w.passages)); err != nil {
		return err
	}
	// A vector is scaled when its turn comes: all at once they would take as much memory again.
	vectors := pgx.CopyFromSlice(len(w.embeddings), func(i int) ([]any, error) {
		e := w.embeddings[i]
		return []any{w.modelID, e.id, e.locale, pgvector.NewHalfVector(unit(e.vector))}, nil
	})
	return w.copy(ctx, "embeddings", []string{"model_id", "passage_id", "locale", "embedding"}, vectors)
}

// finish writes the terms of all passages at once.
func (w *articleWriter) finish(ctx context.Context) error {
	if len(w.reindexed) > 0 {
		const remove = `DELETE FROM passage_terms WHERE passage_id = ANY(@ids)`
		if _, err := w.tx.Exec(ctx, remove, pgx.NamedArgs{"ids": w.reindexed}); err != nil {
			return fmt.Errorf("replace terms: %w", err)
		}
	}
	columns := []string{"passage_id", "locale", "term_ids", "frequencies", "length"}
	if err := w.copy(ctx, "passage_terms", columns, pgx.CopyFromRows(w.terms)); err != nil {
		return err
	}
	if w.beside && w.articles > 0 {
		return raiseVersion(ctx, w.tx)
	}
	return nil
}

func (w *articleWriter) copy(ctx context.Context, table string, columns []string, rows pgx.CopyFromSource) error {
	if _, err := w.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, rows); err != nil {
		return fmt.Errorf("copy %s: %w", table, err)
	}
	return nil
}

// nonNil makes an empty list of a missing one: the columns are NOT NULL.
func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
