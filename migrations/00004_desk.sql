-- What agents decide about a draft, what leads set for the desk, and who did what.

-- +goose Up

CREATE TABLE drafts (
    id             uuid        PRIMARY KEY,
    ticket_id      uuid        NOT NULL REFERENCES tickets (id),
    run_id         uuid        NOT NULL REFERENCES runs (id),
    body           text        NOT NULL CHECK (length(body) BETWEEN 1 AND 40000),
    language       text        NOT NULL CHECK (length(language) BETWEEN 2 AND 35),
    citations      jsonb       NOT NULL CHECK (jsonb_typeof(citations) = 'array'),
    findings       jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(findings) = 'array'),
    method         text        NOT NULL CHECK (method IN ('extractive', 'model')),
    confidence     real        CHECK (confidence BETWEEN 0 AND 1),
    created_at     timestamptz NOT NULL,
    fate           text        NOT NULL DEFAULT 'pending' CHECK (fate IN ('pending', 'accepted', 'edited', 'rejected')),
    decided_by     uuid        REFERENCES agents (id),
    decided_at     timestamptz,
    sent_as        uuid        REFERENCES messages (id),
    reject_reason  text        CHECK (length(reject_reason) BETWEEN 1 AND 1000),
    CONSTRAINT drafts_run_key UNIQUE (run_id),
    CONSTRAINT drafts_decided_check CHECK ((fate = 'pending') = (decided_by IS NULL) AND (fate = 'pending') = (decided_at IS NULL)),
    CONSTRAINT drafts_sent_check CHECK ((fate IN ('accepted', 'edited')) = (sent_as IS NOT NULL))
);

CREATE INDEX drafts_ticket_idx ON drafts (ticket_id, created_at);

-- The newest row is in force; an older one explains a decision taken under it.
CREATE TABLE policies (
    version    bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    document   jsonb       NOT NULL CHECK (jsonb_typeof(document) = 'object'),
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200)
);

CREATE TRIGGER policies_append_only BEFORE UPDATE OR DELETE ON policies
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

-- texts: {"en": "…", "zh-Hans": "…"}; English is required because every other language falls back to it.
CREATE TABLE incident_notices (
    id         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    intents    text[]      NOT NULL CHECK (cardinality(intents) > 0),
    texts      jsonb       NOT NULL CHECK (texts ? 'en'),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz,
    created_by text        NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200),
    CHECK (ends_at IS NULL OR ends_at >= starts_at)
);

CREATE TABLE official_channels (
    id       bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    kind     text    NOT NULL CHECK (kind IN ('domain', 'email', 'phone', 'handle', 'app')),
    platform text    NOT NULL DEFAULT '' CHECK (length(platform) <= 40),
    value    text    NOT NULL CHECK (length(value) BETWEEN 1 AND 300),
    standing text    NOT NULL CHECK (standing IN ('official', 'known_fake')),
    notes    jsonb   NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(notes) = 'object'),
    CONSTRAINT official_channels_value_key UNIQUE (kind, platform, value)
);

CREATE TABLE audit_log (
    id           bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL,
    actor        text        NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    action       text        NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    subject_kind text        NOT NULL CHECK (length(subject_kind) BETWEEN 1 AND 40),
    subject_id   text        NOT NULL CHECK (length(subject_id) BETWEEN 1 AND 200),
    detail       jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object')
);

CREATE INDEX audit_log_subject_idx ON audit_log (subject_kind, subject_id, id);

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

-- +goose Down

DROP TABLE audit_log;
DROP TABLE official_channels;
DROP TABLE incident_notices;
DROP TABLE policies;
DROP TABLE drafts;
