-- A language with few passages is searched by looking at all of them, by words as by vectors.

-- +goose Up

CREATE INDEX passage_terms_locale_idx ON passage_terms (locale);

-- +goose Down

DROP INDEX passage_terms_locale_idx;
