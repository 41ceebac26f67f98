-- A run that nobody ends is found by its own time, with one look every few seconds: no job is stored with each question, and deleted with
-- each end, any more.
--
-- Replicas of the version before go on meanwhile. They store a job with each question, and leave rescue_at empty, which says so. Once a
-- minute they look for runs without a job, and rescue what this version is working on: the first end stands, so a model may be asked
-- twice, and no customer notices.

-- +goose Up

ALTER TABLE runs ADD COLUMN rescue_at timestamptz; -- by the database's clock

-- +goose Down

ALTER TABLE runs DROP COLUMN rescue_at;
