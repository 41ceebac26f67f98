-- Macros: texts that agents put into replies, kept by leads; who has which case open; and the way to cases that were solved before.

-- +goose Up

-- body may hold {number}, {respond_by} and {resolve_by}, which are filled in for a ticket.
CREATE TABLE macros (
    id         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name       text        NOT NULL,
    language   text        NOT NULL,
    body       text        NOT NULL,
    version    integer     NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    updated_by text        NOT NULL,
    CONSTRAINT macros_name_key UNIQUE (name, language),
    CONSTRAINT macros_name_check CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT macros_language_check CHECK (length(language) BETWEEN 2 AND 35),
    CONSTRAINT macros_body_check CHECK (length(body) BETWEEN 1 AND 8000),
    CONSTRAINT macros_version_check CHECK (version > 0),
    CONSTRAINT macros_updated_by_check CHECK (length(updated_by) BETWEEN 1 AND 200)
);

-- Who has which case open. Unlogged: it is worth nothing after a crash.
CREATE UNLOGGED TABLE ticket_viewers (
    ticket_id uuid        NOT NULL,
    agent_id  uuid        NOT NULL,
    seen_at   timestamptz NOT NULL,
    CONSTRAINT ticket_viewers_pkey PRIMARY KEY (ticket_id, agent_id),
    CONSTRAINT ticket_viewers_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE,
    CONSTRAINT ticket_viewers_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE CASCADE
);

CREATE INDEX tickets_solved_idx ON tickets (intent, resolved_at DESC) WHERE status = 'resolved';

-- +goose Down

DROP INDEX tickets_solved_idx;
DROP TABLE ticket_viewers, macros;
