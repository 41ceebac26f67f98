package retrieval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// errChangedMeanwhile is returned when another import took a passage away whose vector was to be kept.
var errChangedMeanwhile = errors.New("the article was changed by someone else meanwhile: import it again")

// articleWriter writes articles with all that belongs to them in one transaction.
type articleWriter struct {
	index   *Index
	modelID int32
	source  string
	tx      pgx.Tx
	vectors map[string][]float32

	// Rows to copy, and what goes before.
	embeddings [][]any
	gone       []int64
	passages   [][]any
	reindexed  []int64
	terms      [][]any
}

// write stores articles and counts them once they are committed.
func (r *importRun) write(ctx context.Context, articles []pendingArticle, vectors map[string][]float32) error {
	var added int
	err := pgx.BeginFunc(ctx, r.index.pool, func(tx pgx.Tx) error {
		w := articleWriter{index: r.index, modelID: r.modelID, source: r.options.Source, tx: tx, vectors: vectors}
		var err error
		added, err = w.write(ctx, articles)
		return err
	})
	if err != nil {
		return fmt.Errorf("write articles: %w", err)
	}
	r.report.Added += added
	r.report.Updated += len(articles) - added
	for _, p := range articles {
		r.report.Passages += len(p.passages)
	}
	return nil
}

func (w *articleWriter) write(ctx context.Context, articles []pendingArticle) (added int, err error) {
	// This comes first: it takes the lock of kb_version, so that what is read next cannot change any more.
	if added, err = w.upsertArticles(ctx, articles); err != nil {
		return 0, err
	}
	stored, err := w.storedPassages(ctx, articles)
	if err != nil {
		return 0, err
	}
	ids, err := w.reserveIDs(ctx, articles)
	if err != nil {
		return 0, err
	}
	moves := &pgx.Batch{}
	for _, p := range articles {
		if ids, err = w.plan(p, stored[p.id], ids, moves); err != nil {
			return 0, err
		}
	}
	if err := w.apply(ctx, moves); err != nil {
		return 0, err
	}
	return added, nil
}

// upsertArticles sets the ids of articles and returns how many are new.
func (w *articleWriter) upsertArticles(ctx context.Context, articles []pendingArticle) (added int, err error) {
	const upsert = `
		INSERT INTO articles AS a (slug, locale, title, body_markdown, category, intents, audience, status, review_by,
			jurisdictions, content_hash, indexed_with, source)
		VALUES (@slug, @locale, @title, @body, @category, @intents, @audience, @status, @review_by,
			@jurisdictions, @content_hash, @indexed_with, @source)
		ON CONFLICT ON CONSTRAINT articles_slug_locale_key DO UPDATE SET
			title = excluded.title, body_markdown = excluded.body_markdown, category = excluded.category,
			intents = excluded.intents, audience = excluded.audience, status = excluded.status,
			review_by = excluded.review_by, jurisdictions = excluded.jurisdictions, source = excluded.source,
			-- New rules alone do not make a new version of what the author wrote.
			version = a.version + (a.content_hash <> excluded.content_hash)::integer,
			content_hash = excluded.content_hash, indexed_with = excluded.indexed_with, updated_at = now()
		RETURNING id, version = 1 AND created_at = updated_at`
	batch := &pgx.Batch{}
	for i := range articles {
		p := &articles[i]
		a := p.article
		args := pgx.NamedArgs{
			"audience": a.Audience, "body": a.Body, "category": a.Category, "content_hash": p.hash,
			"indexed_with": w.index.rules, "intents": nonNil(a.Intents), "jurisdictions": nonNil(a.Jurisdictions),
			"locale": a.Locale, "review_by": nil, "slug": a.Slug, "source": w.source, "status": a.Status, "title": a.Title,
		}
		if !a.ReviewBy.IsZero() {
			args["review_by"] = a.ReviewBy
		}
		batch.Queue(upsert, args).QueryRow(func(row pgx.Row) error {
			var inserted bool
			if err := row.Scan(&p.id, &inserted); err != nil {
				return fmt.Errorf("upsert article %s (%s): %w", a.Slug, a.Locale, err)
			}
			if inserted {
				added++
			}
			return nil
		})
	}
	return added, w.tx.SendBatch(ctx, batch).Close()
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
		hash := string(passage.hash)
		if same := byHash[hash]; len(same) > 0 {
			id, embedded = same[0].ID, same[0].Embedded
			byHash[hash] = same[1:]
			w.reindexed = append(w.reindexed, id)
			moves.Queue(move, pgx.NamedArgs{"id": id, "ordinal": ordinal})
		} else {
			id, ids = ids[0], ids[1:]
			w.passages = append(w.passages, []any{
				id, p.id, p.article.Locale, ordinal, nonNil(passage.headingPath), passage.body, passage.tokens, passage.hash,
			})
		}
		w.addTerms(id, p.article.Locale, p.article.Title, passage.text)
		if embedded {
			continue
		}
		vector, ok := w.vectors[hash]
		if !ok {
			return nil, errChangedMeanwhile
		}
		w.embeddings = append(w.embeddings, []any{w.modelID, id, p.article.Locale, pgvector.NewHalfVector(unit(vector))})
	}
	for _, left := range byHash {
		for _, s := range left {
			w.gone = append(w.gone, s.ID)
		}
	}
	return ids, nil
}

func (w *articleWriter) addTerms(id int64, locale, title, text string) {
	document := w.index.analyzer.Document(strings.Repeat(title+"\n", titleRepeats) + text)
	counts := make(map[int32]int, len(document.Counts))
	for term, count := range document.Counts {
		counts[lexical.ID(term)] += count
	}
	termIDs := make([]int32, 0, len(counts))
	frequencies := make([]int16, 0, len(counts))
	for term, count := range counts {
		termIDs = append(termIDs, term)
		frequencies = append(frequencies, int16(min(count, math.MaxInt16))) //nolint:gosec // bounded
	}
	w.terms = append(w.terms, []any{id, locale, termIDs, frequencies, document.Length, storedWeights(document)})
}

// apply removes what is gone, moves what is kept, and copies what is new.
func (w *articleWriter) apply(ctx context.Context, moves *pgx.Batch) error {
	moves.Queue(`DELETE FROM passages WHERE id = ANY(@ids)`, pgx.NamedArgs{"ids": w.gone})
	moves.Queue(`DELETE FROM passage_terms WHERE passage_id = ANY(@ids)`, pgx.NamedArgs{"ids": w.reindexed})
	if err := w.tx.SendBatch(ctx, moves).Close(); err != nil {
		return fmt.Errorf("replace passages: %w", err)
	}
	for _, c := range []struct {
		columns []string
		rows    [][]any
		table   string
	}{
		{[]string{"id", "article_id", "locale", "ordinal", "heading_path", "body", "token_count", "text_hash"}, w.passages, "passages"},
		{[]string{"passage_id", "locale", "term_ids", "frequencies", "length", "weights"}, w.terms, "passage_terms"},
		{[]string{"model_id", "passage_id", "locale", "embedding"}, w.embeddings, "embeddings"},
	} {
		if _, err := w.tx.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
			return fmt.Errorf("copy %s: %w", c.table, err)
		}
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
