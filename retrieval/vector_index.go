package retrieval

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// indexBuild lets the build of an index take its time, and the memory that makes it a matter of seconds: 30,000 vectors of
// 1,536 dimensions take 13 s with three workers and enough of it, 28 s with PostgreSQL's 64 MB, 47 s without workers. A pgvector
// before 0.8.2 keeps the workers that its server is set to: their builds overflow a buffer (CVE-2026-3172).
const indexBuild = `
	SELECT set_config('statement_timeout', '0', true), set_config('maintenance_work_mem', '512MB', true),
		set_config('max_parallel_maintenance_workers',
			CASE WHEN string_to_array(extversion, '.')::integer[] >= '{0,8,2}' THEN '3'
				ELSE current_setting('max_parallel_maintenance_workers') END, true)
	FROM pg_extension WHERE extname = 'vector'`

// How an HNSW index is built. efConstruction is what recall hangs on where vectors lie in clusters: at
// 100,000 passages and ef_search = 200, recall@10 is 0.925 with 64 (pgvector's default), 0.973 with 128 and 0.982 with 200. More
// neighbours make the index larger and slower to build and walk, and change nothing: 24 and 32 give 0.965 and 0.975 with 128.
const (
	hnswNeighbours = 16
	efConstruction = 200
)

// vectorIndex is the name of a model's index over all languages. Those of single languages begin with it.
func vectorIndex(modelID int32) string { return fmt.Sprintf("embeddings_hnsw_%d", modelID) }

// localeIndex is the name of a model's index over the vectors of one language.
func localeIndex(modelID int32, locale string) string {
	return vectorIndex(modelID) + "_" + strings.ToLower(strings.ReplaceAll(locale, "-", "_"))
}

// indexVectors makes the model's indexes after vectors were written: the one over all languages, and one for each language that has
// too many passages to look at all and too few for the walk over all languages to meet enough of them.
func (x *Index) indexVectors(ctx context.Context, modelID int32) error {
	return pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := lockModels(ctx, tx); err != nil {
			return err
		}
		if err := x.ensureVectorIndex(ctx, tx, modelID); err != nil {
			return err
		}
		return x.ensureLocaleIndexes(ctx, tx, modelID)
	})
}

// ensureVectorIndex makes the index over all languages when it is missing and there is something to index: building it over all
// vectors of a first import takes a tenth of the time that inserting them one by one does.
func (x *Index) ensureVectorIndex(ctx context.Context, tx pgx.Tx, modelID int32) error {
	const wanted = `
		SELECT to_regclass(@index) IS NULL AND EXISTS (SELECT FROM embeddings WHERE model_id = @model)`
	var create bool
	args := pgx.NamedArgs{"index": vectorIndex(modelID), "model": modelID}
	if err := tx.QueryRow(ctx, wanted, args).Scan(&create); err != nil {
		return fmt.Errorf("look for vector index: %w", err)
	}
	if !create {
		return nil
	}
	return x.createVectorIndex(ctx, tx, vectorIndex(modelID), fmt.Sprintf("model_id = %d", modelID))
}

// ensureLocaleIndexes makes those of single languages that are missing.
func (x *Index) ensureLocaleIndexes(ctx context.Context, tx pgx.Tx, modelID int32) error {
	const wanted = `
		SELECT locale FROM embeddings WHERE model_id = @model GROUP BY locale
		HAVING count(*) > @exact AND count(*) < @share::float8 * (SELECT count(*) FROM embeddings WHERE model_id = @model)
		ORDER BY locale`
	rows, err := tx.Query(ctx, wanted, pgx.NamedArgs{"exact": exactPassages, "model": modelID, "share": walkShare})
	if err != nil {
		return fmt.Errorf("look for languages: %w", err)
	}
	locales, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for languages: %w", err)
	}
	for _, locale := range locales {
		where := fmt.Sprintf("model_id = %d AND locale = '%s'", modelID, locale) // letters and a hyphen, by the column's constraint
		if err := x.createVectorIndex(ctx, tx, localeIndex(modelID, locale), where); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) createVectorIndex(ctx context.Context, tx pgx.Tx, name, where string) error {
	statement := fmt.Sprintf(
		`CREATE INDEX IF NOT EXISTS %s ON embeddings USING hnsw ((embedding::halfvec(%d)) halfvec_cosine_ops)
		WITH (m = %d, ef_construction = %d) WHERE %s`,
		name, x.model.Dimensions, hnswNeighbours, efConstruction, where)
	for _, s := range []string{indexBuild, statement} {
		if _, err := tx.Exec(ctx, s); err != nil {
			return fmt.Errorf("create vector index: %w", err)
		}
	}
	return nil
}

// dropVectorIndexes drops all indexes of a model's vectors.
func dropVectorIndexes(ctx context.Context, tx pgx.Tx, modelID int32) error {
	const names = `SELECT relname FROM pg_class WHERE relkind = 'i' AND (relname = @name OR starts_with(relname, @name || '_'))`
	rows, err := tx.Query(ctx, names, pgx.NamedArgs{"name": vectorIndex(modelID)})
	if err != nil {
		return fmt.Errorf("look for vector indexes: %w", err)
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for vector indexes: %w", err)
	}
	for _, name := range indexes {
		if _, err := tx.Exec(ctx, `DROP INDEX IF EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("drop vector index: %w", err)
		}
	}
	return nil
}
