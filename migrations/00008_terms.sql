-- A desk's own terms, and where its customers are.

-- +goose Up

-- Ways to say one thing, beside the built-in glossary. A concept of the same name as a built-in one adds to it.
CREATE TABLE terms (
    concept  text NOT NULL,
    -- The place of the term within its concept, from 0: the first of a language is what the desk says itself.
    ordinal  integer NOT NULL,
    locale   text NOT NULL,
    term     text NOT NULL,
    PRIMARY KEY (concept, ordinal),
    CONSTRAINT terms_concept_locale_term_key UNIQUE (concept, locale, term),
    CONSTRAINT terms_concept_check CHECK (length(concept) BETWEEN 1 AND 100 AND concept !~ '[\s:]'),
    CONSTRAINT terms_ordinal_check CHECK (ordinal >= 0),
    CONSTRAINT terms_locale_check CHECK (locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?$'),
    CONSTRAINT terms_term_check CHECK (length(term) BETWEEN 1 AND 100)
);

-- Replicas look at this number to see that they must read the terms again. Raising it takes the row's lock, so two imports
-- come one after another.
CREATE TABLE terms_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL DEFAULT 0 CHECK (version >= 0)
);
INSERT INTO terms_version DEFAULT VALUES;

-- What a search finds depends on the terms too.
-- +goose StatementBegin
CREATE FUNCTION raise_terms_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE kb_version SET version = version + 1;
    UPDATE terms_version SET version = version + 1;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER terms_raise_version BEFORE INSERT OR UPDATE OR DELETE ON terms
    FOR EACH STATEMENT EXECUTE FUNCTION raise_terms_version();

-- Where the customer is, as whoever asks says: ISO 3166-1 alpha-2, null where nobody said.
ALTER TABLE conversations ADD COLUMN claimed_jurisdiction text
    CONSTRAINT conversations_claimed_jurisdiction_check CHECK (claimed_jurisdiction ~ '^[A-Z]{2}$');

-- +goose Down

ALTER TABLE conversations DROP COLUMN claimed_jurisdiction;
DROP TABLE terms;
DROP TABLE terms_version;
DROP FUNCTION raise_terms_version();
