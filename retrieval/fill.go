package retrieval

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// Fill makes the vectors that this index's model still lacks, step by step beside the vectors of other models, and then
// activates it. Searches go on meanwhile. Progress, when it is not nil, is told how many were made so far.
func (x *Index) Fill(ctx context.Context, progress func(made int)) error {
	modelID, err := x.registered()
	if err != nil {
		return fmt.Errorf("fill embeddings: %w", err)
	}
	made := 0
	for {
		n, err := x.fillStep(ctx, modelID)
		if err != nil {
			return fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
		}
		if n == 0 {
			break
		}
		made += n
		if progress != nil {
			progress(made)
		}
	}
	if err := x.indexVectors(ctx, modelID); err != nil {
		return fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
	}
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error { return activate(ctx, tx, modelID) })
	if err != nil {
		return fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
	}
	return nil
}

// missingRow is a passage without a vector.
type missingRow struct {
	Body        string   `db:"body"`
	HeadingPath []string `db:"heading_path"`
	ID          int64    `db:"id"`
	Locale      string   `db:"locale"`
	Title       string   `db:"title"`
}

func (x *Index) fillStep(ctx context.Context, modelID int32) (int, error) {
	const missing = `
		SELECT p.id, p.locale, p.heading_path, p.body, a.title
		FROM passages p JOIN articles a ON a.id = p.article_id
		WHERE NOT EXISTS (SELECT FROM embeddings e WHERE e.model_id = @model AND e.passage_id = p.id)
		ORDER BY p.id LIMIT @limit`
	// A passage may be deleted, or filled by another process, while the model works on it.
	const insert = `
		INSERT INTO embeddings (model_id, passage_id, locale, embedding)
		SELECT @model::integer, p.id, p.locale, @vector::halfvec FROM passages p WHERE p.id = @id FOR KEY SHARE
		ON CONFLICT DO NOTHING`
	rows, err := x.pool.Query(ctx, missing, pgx.NamedArgs{"limit": stepPassages, "model": modelID})
	if err != nil {
		return 0, fmt.Errorf("read passages: %w", err)
	}
	passages, err := pgx.CollectRows(rows, pgx.RowToStructByName[missingRow])
	if err != nil {
		return 0, fmt.Errorf("read passages: %w", err)
	}
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = indexText(p.Title, p.HeadingPath, p.Body)
	}
	vectors, err := x.model.embedAll(ctx, texts)
	if err != nil {
		return 0, err
	}
	batch := &pgx.Batch{}
	for i, p := range passages {
		batch.Queue(insert, pgx.NamedArgs{"id": p.ID, "model": modelID, "vector": pgvector.NewHalfVector(unit(vectors[i]))})
	}
	if err := x.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, fmt.Errorf("insert vectors: %w", err)
	}
	return len(passages), nil
}
