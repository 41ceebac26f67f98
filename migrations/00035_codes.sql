-- The nearest vectors are found in memory, by codes of 264 bytes each, and compared by their keys: no index over vectors is kept up to date
-- any more, which was most of the work of an import.
--
-- Replicas of the version before go on meanwhile. They look at every vector where they walked an index (15 ms for 10,000), and make no new
-- one, as one of that name is there. What they alone use goes with a later migration: the empty indexes made here, and
-- embeddings_locale_idx.

-- +goose Up

-- +goose StatementBegin
DO $$
DECLARE
    index_name name;
BEGIN
    FOR index_name IN
        SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = 'embeddings'::regclass AND starts_with(c.relname, 'embeddings_hnsw_')
    LOOP
        EXECUTE format('DROP INDEX %I', index_name);
        EXECUTE format('CREATE INDEX %I ON embeddings (model_id) WHERE false', index_name);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down

-- The version before makes the indexes that it misses when it starts, or writes.
-- +goose StatementBegin
DO $$
DECLARE
    index_name name;
BEGIN
    FOR index_name IN
        SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = 'embeddings'::regclass AND starts_with(c.relname, 'embeddings_hnsw_')
    LOOP
        EXECUTE format('DROP INDEX %I', index_name);
    END LOOP;
END
$$;
-- +goose StatementEnd
