-- +goose Up

-- One counter for the whole knowledge base. Whatever changes what a search may find raises it in the same transaction, so
-- caches are keyed by it and every run records it. Raising it also takes the row's lock: writers come one after another,
-- which keeps the term statistics below free of deadlocks.
CREATE TABLE kb_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL DEFAULT 0 CHECK (version >= 0)
);
INSERT INTO kb_version DEFAULT VALUES;

CREATE TABLE articles (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug            text NOT NULL,
    locale          text NOT NULL,
    title           text NOT NULL,
    body_markdown   text NOT NULL,
    category        text NOT NULL DEFAULT '',
    intents         text[] NOT NULL DEFAULT '{}',
    audience        text NOT NULL DEFAULT 'public',
    status          text NOT NULL DEFAULT 'published',
    review_by       date,
    jurisdictions   text[] NOT NULL DEFAULT '{}',
    -- SHA-256 of everything an author wrote: equal means that an import has nothing to do.
    content_hash    bytea NOT NULL,
    -- The rules that cut and analysed the passages; another value means that they must be made again.
    indexed_with    text NOT NULL,
    -- Where the article came from; a prune removes only what the same source no longer has.
    source          text NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT articles_slug_locale_key UNIQUE (slug, locale),
    CONSTRAINT articles_id_locale_key UNIQUE (id, locale),
    CONSTRAINT articles_slug_check CHECK (length(slug) BETWEEN 1 AND 200),
    CONSTRAINT articles_locale_check CHECK (locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?$'),
    CONSTRAINT articles_title_check CHECK (title <> '' AND length(title) <= 500),
    CONSTRAINT articles_audience_check CHECK (audience IN ('public', 'internal')),
    CONSTRAINT articles_status_check CHECK (status IN ('draft', 'published', 'archived')),
    CONSTRAINT articles_content_hash_check CHECK (length(content_hash) = 32),
    CONSTRAINT articles_source_check CHECK (source <> ''),
    CONSTRAINT articles_version_check CHECK (version > 0)
);
CREATE INDEX articles_source_idx ON articles (source);
CREATE INDEX articles_intents_idx ON articles USING gin (intents);

-- Only published articles have passages: what is not published cannot be found, whatever a query forgets to ask.
CREATE TABLE passages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id   bigint NOT NULL,
    locale       text NOT NULL,
    ordinal      integer NOT NULL,
    heading_path text[] NOT NULL DEFAULT '{}',
    body         text NOT NULL,
    token_count  integer NOT NULL,
    -- SHA-256 of the text that is embedded: a passage that an edit left alone keeps its row and its vectors.
    text_hash    bytea NOT NULL,
    CONSTRAINT passages_article_fkey FOREIGN KEY (article_id, locale) REFERENCES articles (id, locale) ON DELETE CASCADE,
    CONSTRAINT passages_id_locale_key UNIQUE (id, locale),
    -- Deferred: an edit may move passages past each other within its transaction.
    CONSTRAINT passages_article_ordinal_key UNIQUE (article_id, ordinal) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT passages_body_check CHECK (body <> ''),
    CONSTRAINT passages_ordinal_check CHECK (ordinal >= 0),
    CONSTRAINT passages_token_count_check CHECK (token_count > 0),
    CONSTRAINT passages_text_hash_check CHECK (length(text_hash) = 32)
);

-- The lexical half of a passage, apart from its text so that a re-ranking of thousands of candidates reads narrow rows.
CREATE TABLE passage_terms (
    passage_id   bigint PRIMARY KEY,
    locale       text NOT NULL,
    -- Terms by number (lexical.ID) with how often each occurs, in the same order.
    term_ids     integer[] NOT NULL,
    frequencies  smallint[] NOT NULL,
    -- Surface terms of the passage; concepts do not lengthen it.
    length       integer NOT NULL,
    -- Saturated frequency of each term at a fixed reference length: ranks candidates before the exact BM25 of the best.
    weights      sparsevec(1000000000) NOT NULL,
    CONSTRAINT passage_terms_passage_fkey FOREIGN KEY (passage_id, locale) REFERENCES passages (id, locale) ON DELETE CASCADE,
    CONSTRAINT passage_terms_frequencies_check CHECK (cardinality(frequencies) = cardinality(term_ids)),
    CONSTRAINT passage_terms_length_check CHECK (length >= 0)
);
-- Inline: the ranking reads the column of every candidate, and a TOAST look-up each costs more than all the rest.
ALTER TABLE passage_terms ALTER COLUMN weights SET STORAGE MAIN;
-- Candidates must be visible the moment they are committed and reads outnumber writes by far: no pending list to scan.
CREATE INDEX passage_terms_term_ids_idx ON passage_terms USING gin (term_ids) WITH (fastupdate = off);

-- In how many passages of a language each term occurs, and how many and how long they are: what BM25 needs. Kept by
-- triggers, so no path (an edit, a prune, a cascade) can leave them wrong.
CREATE TABLE term_statistics (
    locale    text NOT NULL,
    term_id   integer NOT NULL,
    passages  integer NOT NULL CHECK (passages >= 0),
    PRIMARY KEY (term_id, locale)
);
CREATE TABLE locale_statistics (
    locale    text PRIMARY KEY,
    passages  bigint NOT NULL CHECK (passages >= 0),
    length    bigint NOT NULL CHECK (length >= 0)
);

CREATE TABLE embedding_models (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    dimensions  integer NOT NULL,
    active      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT embedding_models_name_check CHECK (name <> ''),
    -- 4,000 is the most that pgvector indexes as halfvec.
    CONSTRAINT embedding_models_dimensions_check CHECK (dimensions BETWEEN 1 AND 4000)
);
CREATE UNIQUE INDEX embedding_models_one_active_key ON embedding_models (active) WHERE active;

-- Vectors of several models side by side; the dimensions differ, so the column has none. Each model has its own partial
-- HNSW index, made by the program after the model's first vectors.
CREATE TABLE embeddings (
    model_id    integer NOT NULL REFERENCES embedding_models (id) ON DELETE CASCADE,
    passage_id  bigint NOT NULL,
    locale      text NOT NULL,
    embedding   halfvec NOT NULL,
    PRIMARY KEY (model_id, passage_id),
    CONSTRAINT embeddings_passage_fkey FOREIGN KEY (passage_id, locale) REFERENCES passages (id, locale) ON DELETE CASCADE
);
-- Compressing a vector gains nothing and out of line it costs a look-up for each comparison.
ALTER TABLE embeddings ALTER COLUMN embedding SET STORAGE PLAIN;
-- A language with few passages is searched exactly through this.
CREATE INDEX embeddings_locale_idx ON embeddings (model_id, locale);
CREATE INDEX embeddings_passage_idx ON embeddings (passage_id);

-- +goose StatementBegin
CREATE FUNCTION raise_kb_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE kb_version SET version = version + 1;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

-- Before the change, so that the lock is taken first.
CREATE TRIGGER articles_raise_kb_version BEFORE INSERT OR UPDATE OR DELETE ON articles
    FOR EACH STATEMENT EXECUTE FUNCTION raise_kb_version();
CREATE TRIGGER embedding_models_raise_kb_version BEFORE INSERT OR UPDATE OR DELETE ON embedding_models
    FOR EACH STATEMENT EXECUTE FUNCTION raise_kb_version();

-- +goose StatementBegin
CREATE FUNCTION count_added_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO term_statistics AS s (locale, term_id, passages)
    SELECT n.locale, t.term_id, count(*) FROM added n CROSS JOIN LATERAL unnest(n.term_ids) AS t (term_id)
    GROUP BY 1, 2
    ON CONFLICT (term_id, locale) DO UPDATE SET passages = s.passages + excluded.passages;

    INSERT INTO locale_statistics AS s (locale, passages, length)
    SELECT n.locale, count(*), sum(n.length) FROM added n GROUP BY 1
    ON CONFLICT (locale) DO UPDATE SET passages = s.passages + excluded.passages, length = s.length + excluded.length;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION count_removed_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE term_statistics s SET passages = s.passages - o.passages
    FROM (
        SELECT r.locale, t.term_id, count(*) AS passages FROM removed r CROSS JOIN LATERAL unnest(r.term_ids) AS t (term_id)
        GROUP BY 1, 2
    ) o
    WHERE s.locale = o.locale AND s.term_id = o.term_id;

    DELETE FROM term_statistics s
    USING (SELECT DISTINCT r.locale, t.term_id FROM removed r CROSS JOIN LATERAL unnest(r.term_ids) AS t (term_id)) o
    WHERE s.locale = o.locale AND s.term_id = o.term_id AND s.passages = 0;

    UPDATE locale_statistics s SET passages = s.passages - o.passages, length = s.length - o.length
    FROM (SELECT r.locale, count(*) AS passages, sum(r.length) AS length FROM removed r GROUP BY 1) o
    WHERE s.locale = o.locale;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are replaced, not changed', TG_TABLE_NAME;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER passage_terms_count_added AFTER INSERT ON passage_terms
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_added_terms();
CREATE TRIGGER passage_terms_count_removed AFTER DELETE ON passage_terms
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_removed_terms();
-- The counts follow insertions and deletions only.
CREATE TRIGGER passage_terms_refuse_change BEFORE UPDATE OR TRUNCATE ON passage_terms
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down

DROP TABLE embeddings;
DROP TABLE embedding_models;
DROP TABLE locale_statistics;
DROP TABLE term_statistics;
DROP TABLE passage_terms;
DROP TABLE passages;
DROP TABLE articles;
DROP TABLE kb_version;
DROP FUNCTION refuse_change();
DROP FUNCTION count_removed_terms();
DROP FUNCTION count_added_terms();
DROP FUNCTION raise_kb_version();
