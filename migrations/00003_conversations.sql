-- Conversations, their messages, and the run that answers each question.

-- +goose Up

-- Rows that explain a past decision (P9) never change: a correction is a new row.
-- +goose StatementBegin
CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is not allowed: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd

CREATE TABLE agents (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role       text        NOT NULL CHECK (role IN ('agent', 'lead', 'admin')),
    created_at timestamptz NOT NULL
);

-- Only the SHA-256 of a key is stored: a key is 256 random bits, so a slow hash would add nothing.
CREATE TABLE api_keys (
    id              uuid        PRIMARY KEY,
    name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role            text        NOT NULL CHECK (role IN ('widget', 'agent', 'admin')),
    agent_id        uuid        REFERENCES agents (id),
    secret_hash     bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    allowed_origins text[]      NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash),
    -- A key that can act on tickets always names who acts.
    CONSTRAINT api_keys_agent_check CHECK ((role = 'widget') = (agent_id IS NULL))
);

CREATE TABLE conversations (
    id           uuid        PRIMARY KEY,
    api_key_id   uuid        REFERENCES api_keys (id),
    channel      text        NOT NULL CHECK (channel ~ '^[a-z][a-z0-9_]{0,31}$'),
    customer_ref text        CHECK (length(customer_ref) BETWEEN 1 AND 200),
    locale       text        CHECK (length(locale) <= 35),
    created_at   timestamptz NOT NULL
);

CREATE TABLE messages (
    id              uuid        PRIMARY KEY,
    conversation_id uuid        NOT NULL REFERENCES conversations (id),
    author          text        NOT NULL CHECK (author IN ('customer', 'assistant', 'agent')),
    agent_id        uuid        REFERENCES agents (id),
    body            text        NOT NULL CHECK (length(body) BETWEEN 1 AND 40000),
    language        text        CHECK (length(language) <= 35),
    citations       jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(citations) = 'array'),
    redactions      text[]      NOT NULL DEFAULT '{}',
    client_id       text        CHECK (length(client_id) BETWEEN 1 AND 200),
    request_hash    bytea       CHECK (octet_length(request_hash) = 32),
    created_at      timestamptz NOT NULL,
    CONSTRAINT messages_client_id_key UNIQUE (conversation_id, client_id),
    CONSTRAINT messages_agent_check CHECK ((author = 'agent') = (agent_id IS NOT NULL))
);

CREATE INDEX messages_conversation_idx ON messages (conversation_id, created_at, id);

-- A repeated Idempotency-Key finds the message that its first use created, also when the caller knew no conversation yet.
CREATE TABLE idempotency_keys (
    api_key_id uuid        NOT NULL REFERENCES api_keys (id),
    key        text        NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    message_id uuid        NOT NULL REFERENCES messages (id),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (api_key_id, key)
);

CREATE TABLE tickets (
    id                uuid        PRIMARY KEY,
    number            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 1001),
    conversation_id   uuid        NOT NULL REFERENCES conversations (id),
    status            text        NOT NULL CHECK (status IN ('open', 'claimed', 'waiting', 'resolved')),
    priority          text        NOT NULL CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
    intent            text        NOT NULL CHECK (length(intent) BETWEEN 1 AND 100),
    risks             text[]      NOT NULL DEFAULT '{}',
    reasons           text[]      NOT NULL CHECK (cardinality(reasons) > 0),
    language          text        NOT NULL CHECK (length(language) BETWEEN 2 AND 35),
    assignee_id       uuid        REFERENCES agents (id),
    version           integer     NOT NULL DEFAULT 1 CHECK (version > 0),
    respond_by        timestamptz NOT NULL,
    created_at        timestamptz NOT NULL,
    first_response_at timestamptz,
    resolved_at       timestamptz,
    CONSTRAINT tickets_number_key UNIQUE (number),
    CONSTRAINT tickets_assignee_check CHECK (status NOT IN ('claimed', 'waiting') OR assignee_id IS NOT NULL),
    CONSTRAINT tickets_resolved_check CHECK ((status = 'resolved') = (resolved_at IS NOT NULL))
);

-- One case a person works on per conversation, whatever a customer or a crash repeats.
CREATE UNIQUE INDEX tickets_unresolved_key ON tickets (conversation_id) WHERE status <> 'resolved';
CREATE INDEX tickets_queue_idx ON tickets (priority, respond_by, id) WHERE status <> 'resolved';
CREATE INDEX tickets_conversation_idx ON tickets (conversation_id);

CREATE TABLE runs (
    id                uuid        PRIMARY KEY,
    conversation_id   uuid        NOT NULL REFERENCES conversations (id),
    message_id        uuid        NOT NULL REFERENCES messages (id),
    status            text        NOT NULL CHECK (status IN ('running', 'concluded')),
    outcome           text        CHECK (outcome IN ('answered', 'clarify', 'handed_off')),
    reasons           text[]      NOT NULL DEFAULT '{}',
    reply_id          uuid        REFERENCES messages (id),
    ticket_id         uuid        REFERENCES tickets (id),
    language          text,
    intent            text,
    priority          text        CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
    risks             text[]      NOT NULL DEFAULT '{}',
    confidence        real        CHECK (confidence BETWEEN 0 AND 1),
    policy_version    bigint,
    kb_version        bigint,
    prompt_version    text,
    model             text,
    embedding_model   text,
    prompt_tokens     integer     NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0),
    completion_tokens integer     NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0),
    started_at        timestamptz NOT NULL,
    deadline_at       timestamptz NOT NULL,
    concluded_at      timestamptz,
    -- One run a question, one reply a run: what makes "exactly once" (P1) true in the database and not only in the program.
    CONSTRAINT runs_message_key UNIQUE (message_id),
    CONSTRAINT runs_reply_key UNIQUE (reply_id),
    CONSTRAINT runs_concluded_check CHECK (
        (status = 'concluded') = (outcome IS NOT NULL AND reply_id IS NOT NULL AND concluded_at IS NOT NULL)
    ),
    CONSTRAINT runs_handed_off_check CHECK (outcome <> 'handed_off' OR ticket_id IS NOT NULL)
);

CREATE INDEX runs_conversation_idx ON runs (conversation_id, started_at);
CREATE INDEX runs_running_idx ON runs (deadline_at) WHERE status = 'running';

CREATE TRIGGER runs_concluded_is_final BEFORE UPDATE ON runs
    FOR EACH ROW WHEN (OLD.status = 'concluded') EXECUTE FUNCTION forbid_change();

-- What each stage of a run found: ids, counts and scores, never a customer's words.
CREATE TABLE run_steps (
    run_id      uuid    NOT NULL REFERENCES runs (id),
    ordinal     integer NOT NULL CHECK (ordinal >= 0),
    stage       text    NOT NULL CHECK (length(stage) BETWEEN 1 AND 40),
    status      text    NOT NULL CHECK (status IN ('ok', 'failed', 'skipped')),
    duration_us bigint  NOT NULL CHECK (duration_us >= 0),
    detail      jsonb   NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
    PRIMARY KEY (run_id, ordinal)
);

CREATE TRIGGER run_steps_append_only BEFORE UPDATE OR DELETE ON run_steps
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

CREATE TABLE feedback (
    id              bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    conversation_id uuid        NOT NULL REFERENCES conversations (id),
    message_id      uuid        REFERENCES messages (id),
    rating          smallint    NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment         text        CHECK (length(comment) BETWEEN 1 AND 4000),
    created_at      timestamptz NOT NULL
);

-- A second opinion on the same message replaces the first; on the conversation as a whole (no message) likewise.
CREATE UNIQUE INDEX feedback_subject_key ON feedback (conversation_id, coalesce(message_id, conversation_id));

-- +goose Down

DROP TABLE feedback;
DROP TABLE run_steps;
DROP TABLE runs;
DROP TABLE tickets;
DROP TABLE idempotency_keys;
DROP TABLE messages;
DROP TABLE conversations;
DROP TABLE api_keys;
DROP TABLE agents;
DROP FUNCTION forbid_change();
