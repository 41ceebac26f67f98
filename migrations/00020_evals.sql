-- Runs of eval suites and what came out of each case, apart from the desk's own runs and tickets: no foreign key leads from here
-- to them, and dropping both tables loses nothing of a customer's.

-- +goose Up

CREATE TABLE eval_runs (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    suite       text        NOT NULL,
    suite_hash  text        NOT NULL, -- of what is asked and expected
    fingerprint text        NOT NULL, -- of the program, its settings and the knowledge base
    settings    jsonb       NOT NULL DEFAULT '{}', -- the parts of the fingerprint, for people
    cases       integer     NOT NULL, -- to be asked, each as often as repeats says
    repeats     integer     NOT NULL DEFAULT 1,
    seed        bigint      NOT NULL DEFAULT 0,
    status      text        NOT NULL DEFAULT 'running',
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    CONSTRAINT eval_runs_suite_check CHECK (length(suite) BETWEEN 1 AND 200),
    CONSTRAINT eval_runs_suite_hash_check CHECK (suite_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT eval_runs_fingerprint_check CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    CONSTRAINT eval_runs_cases_check CHECK (cases > 0),
    CONSTRAINT eval_runs_repeats_check CHECK (repeats > 0),
    -- A run whose program was killed stays 'running'; it can be resumed like one that was stopped.
    CONSTRAINT eval_runs_status_check CHECK (status IN ('running', 'stopped', 'finished')),
    CONSTRAINT eval_runs_ended_check CHECK ((status = 'running') = (ended_at IS NULL))
);

CREATE INDEX eval_runs_suite_idx ON eval_runs (suite, id);

CREATE TABLE eval_results (
    run_id       bigint  NOT NULL REFERENCES eval_runs (id) ON DELETE CASCADE,
    case_id      text    NOT NULL,
    repeat_index integer NOT NULL, -- from 0
    response_key text    NOT NULL, -- of all that the response depends on: the same key may be answered from here
    passed       boolean NOT NULL,
    ending       text    NOT NULL,
    cost_usd     double precision NOT NULL,
    result       jsonb   NOT NULL,
    CONSTRAINT eval_results_pkey PRIMARY KEY (run_id, case_id, repeat_index),
    CONSTRAINT eval_results_case_id_check CHECK (length(case_id) BETWEEN 1 AND 1000),
    CONSTRAINT eval_results_repeat_index_check CHECK (repeat_index >= 0),
    CONSTRAINT eval_results_response_key_check CHECK (response_key ~ '^[0-9a-f]{64}$'),
    CONSTRAINT eval_results_cost_usd_check CHECK (cost_usd >= 0)
);

CREATE INDEX eval_results_response_key_idx ON eval_results (response_key, run_id);

-- +goose Down

DROP TABLE eval_results;
DROP TABLE eval_runs;
