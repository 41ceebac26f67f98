-- What an agent is told beside a draft: what to ask, to check, and what the articles lack. A replica of the version before leaves
-- it empty.

-- +goose Up

ALTER TABLE drafts
    ADD COLUMN notes jsonb NOT NULL DEFAULT '[]' CONSTRAINT drafts_notes_check CHECK (jsonb_typeof(notes) = 'array');

-- +goose Down

ALTER TABLE drafts DROP COLUMN notes;
