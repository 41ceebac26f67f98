package retrieval

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// fillStep is how many vectors are made and committed at once: as many as four calls of the model bring.
const fillStep = embedBatch * embedInFlight

// Missing counts the passages that lack a vector of this index's model.
func (x *Index) Missing(ctx context.Context) (missing int, err error) {
	modelID, err := x.registered()
	if err != nil {
		return 0, fmt.Errorf("count missing vectors: %w", err)
	}
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		missing, err = countMissing(ctx, tx, modelID)
		return err
	})
	return missing, err
}

// Fill makes the vectors that this index's model still lacks, step by step beside the vectors of other models, and then
// switches to it in one transaction. Searches go on meanwhile, with the model that was active before. Each step is
// committed, so a run that is broken off goes on where it was. Progress, when it is not nil, is told how many were made so
// far.
func (x *Index) Fill(ctx context.Context, progress func(made int)) error {
	modelID, err := x.registered()
	if err != nil {
		return fmt.Errorf("fill embeddings: %w", err)
	}
	fill := filling{index: x, modelID: modelID, progress: progress}
	for switched := false; !switched; {
		if err := fill.sweep(ctx); err != nil {
			return fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
		}
		if err := x.indexVectors(ctx, modelID); err != nil {
			return fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
		}
		// What others wrote during the sweep is missing still: then another one follows.
		if switched, err = x.switchTo(ctx, modelID); err != nil {
			return fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
		}
	}
	return nil
}

// switchTo activates the model if no passage lacks its vector. Nobody can write an article in between.
func (x *Index) switchTo(ctx context.Context, modelID int32) (switched bool, err error) {
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := lockKnowledgeBase(ctx, tx); err != nil {
			return err
		}
		missing, err := countMissing(ctx, tx, modelID)
		if err != nil || missing > 0 {
			return err
		}
		switched = true
		return activate(ctx, tx, modelID)
	})
	return switched && err == nil, err
}

// DropOtherModels deletes every other embedding model with its vectors and its index, and returns how many.
func (x *Index) DropOtherModels(ctx context.Context) (dropped int, err error) {
	modelID, err := x.registered()
	if err != nil {
		return 0, fmt.Errorf("drop embedding models: %w", err)
	}
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := lockModels(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT id FROM embedding_models WHERE id <> @model AND NOT active`, pgx.NamedArgs{"model": modelID})
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Exec(ctx, fmt.Sprintf(`DROP INDEX IF EXISTS embeddings_hnsw_%d`, id)); err != nil {
				return fmt.Errorf("drop vector index: %w", err)
			}
		}
		tag, err := tx.Exec(ctx, `DELETE FROM embedding_models WHERE id = ANY(@ids)`, pgx.NamedArgs{"ids": ids})
		dropped = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop embedding models: %w", err)
	}
	return dropped, nil
}

// filling is one call of Fill.
type filling struct {
	index    *Index
	made     int
	modelID  int32
	progress func(made int)
}

// missingRow is a passage without a vector.
type missingRow struct {
	Body        string   `db:"body"`
	HeadingPath []string `db:"heading_path"`
	ID          int64    `db:"id"`
	Locale      string   `db:"locale"`
	Title       string   `db:"title"`
}

// sweep goes once through all passages, by their ids: a step does not look again at what is behind it.
func (f *filling) sweep(ctx context.Context) error {
	for last := int64(0); ; {
		passages, err := f.missing(ctx, last)
		if err != nil || len(passages) == 0 {
			return err
		}
		if err := f.step(ctx, passages); err != nil {
			return err
		}
		last = passages[len(passages)-1].ID
		f.made += len(passages)
		if f.progress != nil {
			f.progress(f.made)
		}
	}
}

func (f *filling) missing(ctx context.Context, after int64) ([]missingRow, error) {
	const query = `
		SELECT p.id, p.locale, p.heading_path, p.body, a.title
		FROM passages p JOIN articles a ON a.id = p.article_id
		WHERE p.id > @after AND NOT EXISTS (SELECT FROM embeddings e WHERE e.model_id = @model AND e.passage_id = p.id)
		ORDER BY p.id LIMIT @limit`
	rows, err := f.index.pool.Query(ctx, query, pgx.NamedArgs{"after": after, "limit": fillStep, "model": f.modelID})
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	passages, err := pgx.CollectRows(rows, pgx.RowToStructByName[missingRow])
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	return passages, nil
}

func (f *filling) step(ctx context.Context, passages []missingRow) error {
	// A passage may be deleted, or filled by another process, while the model works on it. Only the text that was embedded
	// gets the vector: a row never changes its text.
	const insert = `
		INSERT INTO embeddings (model_id, passage_id, locale, embedding)
		SELECT @model::integer, p.id, p.locale, @vector::halfvec FROM passages p WHERE p.id = @id FOR KEY SHARE
		ON CONFLICT DO NOTHING`
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = passage.IndexText(p.Title, p.HeadingPath, p.Body)
	}
	vectors, err := f.index.model.embedAll(ctx, texts)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for i, p := range passages {
		batch.Queue(insert, pgx.NamedArgs{"id": p.ID, "model": f.modelID, "vector": pgvector.NewHalfVector(unit(vectors[i]))})
	}
	if err := f.index.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert vectors: %w", err)
	}
	return nil
}
