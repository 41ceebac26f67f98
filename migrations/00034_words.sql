-- Words are looked up in memory: nothing counts and indexes them here any more, which was half of the work of an import.
--
-- Replicas of the version before go on meanwhile. They count with what was counted so far, look at all terms where they had an index, and
-- their imports find an index by its name; articles that this version writes have no weights, and come last among what they find by words.
-- What they alone use goes with a later migration: term_statistics, locale_statistics, those of the same names that end in _added,
-- passage_terms.weights, passage_terms_term_ids_idx and the functions that count.

-- +goose Up

DROP TRIGGER passage_terms_count_added ON passage_terms;
DROP TRIGGER passage_terms_count_removed ON passage_terms;
ALTER TABLE passage_terms ALTER COLUMN weights DROP NOT NULL;
DROP INDEX passage_terms_locale_idx;
DROP INDEX passage_terms_term_ids_idx;
CREATE INDEX passage_terms_term_ids_idx ON passage_terms USING gin (term_ids) WITH (fastupdate = off) WHERE false;

-- +goose Down

DROP INDEX passage_terms_term_ids_idx;
CREATE INDEX passage_terms_term_ids_idx ON passage_terms USING gin (term_ids) WITH (fastupdate = off);
CREATE INDEX passage_terms_locale_idx ON passage_terms (locale);

-- As storedWeights did: the saturated frequency at a length of 120.
ALTER TABLE passage_terms DISABLE TRIGGER passage_terms_refuse_change;
UPDATE passage_terms p SET weights = (
    SELECT ('{' || coalesce(string_agg(t.id || ':' || (t.n * 2.2 / (t.n + 1.2 * (0.25 + 0.75 * p.length / 120.0)))::real, ',' ORDER BY t.id), '')
        || '}/1000000000')::sparsevec
    FROM unnest(p.term_ids, p.frequencies) AS t (id, n)
);
ALTER TABLE passage_terms ENABLE TRIGGER passage_terms_refuse_change;
ALTER TABLE passage_terms ALTER COLUMN weights SET NOT NULL;

TRUNCATE term_statistics, locale_statistics, term_statistics_added, locale_statistics_added;
INSERT INTO term_statistics (locale, term_id, passages)
SELECT p.locale, t.id, count(*) FROM passage_terms p CROSS JOIN LATERAL unnest(p.term_ids) AS t (id) GROUP BY 1, 2;
INSERT INTO locale_statistics (locale, passages, length)
SELECT locale, count(*), sum(length) FROM passage_terms GROUP BY 1;

CREATE TRIGGER passage_terms_count_added AFTER INSERT ON passage_terms
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_added_terms();
CREATE TRIGGER passage_terms_count_removed AFTER DELETE ON passage_terms
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_removed_terms();
