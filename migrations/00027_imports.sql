-- Imports with several writers, and small languages that are searched by looking at all of their passages.
--
-- A transaction that sets deskhand.beside writes new articles beside others that do the same. It holds the row of kb_version FOR KEY
-- SHARE, so that who takes it FOR UPDATE waits for it, and it raises the version with its last statement. It counts what it adds
-- apart, where nobody waits for a row; who counts terms adds both tables. Replicas of the version before do not set it, and see
-- slightly old counts until they are folded.

-- +goose Up

CREATE INDEX passage_terms_locale_idx ON passage_terms (locale);

-- What is to be added to term_statistics and locale_statistics: several rows a term and language.
CREATE TABLE term_statistics_added (
    locale    text NOT NULL,
    term_id   integer NOT NULL,
    passages  integer NOT NULL CONSTRAINT term_statistics_added_passages_check CHECK (passages > 0)
);
CREATE INDEX term_statistics_added_term_id_idx ON term_statistics_added (term_id);
CREATE TABLE locale_statistics_added (
    locale    text NOT NULL,
    passages  bigint NOT NULL CONSTRAINT locale_statistics_added_passages_check CHECK (passages > 0),
    length    bigint NOT NULL CONSTRAINT locale_statistics_added_length_check CHECK (length >= 0)
);

-- +goose StatementBegin
CREATE FUNCTION written_beside() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('deskhand.beside', true), '') = 'on'
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION raise_kb_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT written_beside() THEN
        UPDATE kb_version SET version = version + 1;
    END IF;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

-- Adds up what was counted apart. Whoever changes counts in place holds the same row's lock.
-- +goose StatementBegin
CREATE FUNCTION fold_term_statistics() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM locale_statistics_added) THEN
        RETURN;
    END IF;
    PERFORM FROM kb_version FOR NO KEY UPDATE;

    WITH gone AS (DELETE FROM term_statistics_added RETURNING locale, term_id, passages)
    INSERT INTO term_statistics AS s (locale, term_id, passages)
    SELECT locale, term_id, sum(passages) FROM gone GROUP BY 1, 2
    ON CONFLICT (term_id, locale) DO UPDATE SET passages = s.passages + excluded.passages;

    WITH gone AS (DELETE FROM locale_statistics_added RETURNING locale, passages, length)
    INSERT INTO locale_statistics AS s (locale, passages, length)
    SELECT locale, sum(passages), sum(length) FROM gone GROUP BY 1
    ON CONFLICT (locale) DO UPDATE SET passages = s.passages + excluded.passages, length = s.length + excluded.length;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_added_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF written_beside() THEN
        INSERT INTO term_statistics_added (locale, term_id, passages)
        SELECT n.locale, t.term_id, count(*) FROM added n CROSS JOIN LATERAL unnest(n.term_ids) AS t (term_id)
        GROUP BY 1, 2;

        INSERT INTO locale_statistics_added (locale, passages, length)
        SELECT n.locale, count(*), sum(n.length) FROM added n GROUP BY 1;
        RETURN NULL;
    END IF;

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

-- What is taken away may have been counted apart.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_removed_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fold_term_statistics();

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

-- +goose Down

SELECT fold_term_statistics();

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION raise_kb_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE kb_version SET version = version + 1;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_added_terms() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION count_removed_terms() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP FUNCTION fold_term_statistics();
DROP FUNCTION written_beside();
DROP TABLE term_statistics_added;
DROP TABLE locale_statistics_added;
DROP INDEX passage_terms_locale_idx;
