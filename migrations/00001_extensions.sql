-- +goose Up
-- On a managed server the database's owner may not create extensions; there the administrator has done it before.
CREATE EXTENSION IF NOT EXISTS vector;

-- +goose Down
-- The extension stays: it may have been there before deskhand, and others may use it.
SELECT 1;
