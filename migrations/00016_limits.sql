-- How many questions may still be taken: one token bucket for each limit that is in use, for all replicas together.
--
-- Unlogged: after a crash every bucket is full again, which is what an hour of quiet makes of it too, and no question waits
-- for the write-ahead log because of it.

-- +goose Up

CREATE UNLOGGED TABLE admission_buckets (
    name        bytea            PRIMARY KEY, -- a hash: no address and no customer stands here
    tokens      double precision NOT NULL,
    granted     double precision NOT NULL, -- by the last lease: how its statement tells what it got
    refilled_at timestamptz      NOT NULL,
    CONSTRAINT admission_buckets_name_check CHECK (length(name) = 32),
    CONSTRAINT admission_buckets_tokens_check CHECK (tokens >= 0),
    CONSTRAINT admission_buckets_granted_check CHECK (granted >= 0)
);

-- +goose Down

DROP TABLE admission_buckets;
