-- What happens to a case at the desk: its clocks, its history, complaints, and what became of drafts.
--
-- Replicas of the version before go on working on tickets meanwhile: each new column has a default that is true for what
-- they write, and what they do not know (on_hold) they neither answer over nor move out of reach.

-- +goose Up

ALTER TABLE tickets
    ADD COLUMN queue             text        NOT NULL DEFAULT 'general' CONSTRAINT tickets_queue_check CHECK (length(queue) BETWEEN 1 AND 60),
    ADD COLUMN tags              text[]      NOT NULL DEFAULT '{}' CONSTRAINT tickets_tags_check CHECK (cardinality(tags) <= 30),
    ADD COLUMN awaiting_since    timestamptz,
    ADD COLUMN respond_warn_at   timestamptz,
    ADD COLUMN resolve_by        timestamptz,
    ADD COLUMN resolve_warn_at   timestamptz,
    ADD COLUMN paused_at         timestamptz,
    ADD COLUMN claim_expires_at  timestamptz,
    ADD COLUMN hold_until        timestamptz,
    ADD COLUMN follow_up_at      timestamptz,
    ADD COLUMN next_check_at     timestamptz,
    ADD COLUMN merged_into       uuid        REFERENCES tickets (id),
    ADD COLUMN outcome           text        CONSTRAINT tickets_outcome_check
        CHECK (outcome IN ('abandoned', 'assumed', 'confirmed', 'merged', 're_contacted')),
    ADD COLUMN escalations       integer     NOT NULL DEFAULT 0 CHECK (escalations >= 0),
    ADD COLUMN recontacts        integer     NOT NULL DEFAULT 0 CHECK (recontacts >= 0),
    ADD CONSTRAINT tickets_merged_check CHECK (merged_into IS NULL OR (status = 'resolved' AND merged_into <> id)),
    DROP CONSTRAINT tickets_status_check,
    ADD CONSTRAINT tickets_status_check CHECK (status IN ('open', 'claimed', 'waiting', 'on_hold', 'resolved')),
    DROP CONSTRAINT tickets_assignee_check,
    ADD CONSTRAINT tickets_assignee_check CHECK (status NOT IN ('claimed', 'waiting', 'on_hold') OR assignee_id IS NOT NULL);

UPDATE tickets SET awaiting_since = created_at WHERE status <> 'resolved' AND first_response_at IS NULL;
UPDATE tickets SET outcome = 'assumed' WHERE status = 'resolved';

-- Package desk's table of steps, again: whatever a defect or another program tries, a ticket goes through these states only.
-- What a replica of the version before leaves out is filled in.
-- +goose StatementBegin
CREATE FUNCTION check_ticket_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN (
        'open>claimed', 'open>resolved',
        'claimed>on_hold', 'claimed>open', 'claimed>resolved', 'claimed>waiting',
        'on_hold>claimed', 'on_hold>open', 'on_hold>resolved', 'on_hold>waiting',
        'waiting>claimed', 'waiting>on_hold', 'waiting>open', 'waiting>resolved',
        'resolved>open'
    ) THEN
        RAISE EXCEPTION 'a ticket that is % cannot become %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tickets_transition_check';
    END IF;
    IF NEW.status <> 'claimed' THEN NEW.claim_expires_at := NULL; END IF;
    IF NEW.status <> 'on_hold' THEN NEW.hold_until := NULL; END IF;
    IF NEW.status = 'resolved' THEN
        NEW.outcome := coalesce(NEW.outcome, 'assumed');
    ELSE
        NEW.outcome := NULL;
        NEW.merged_into := NULL;
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER tickets_transition BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION check_ticket_transition();

-- P7 in the database: a run never ends with a reply of the assistant in a conversation that a person holds. The run is then
-- looked at again, by whoever knows the state that the ticket is in.
-- +goose StatementBegin
CREATE FUNCTION check_run_is_not_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tickets WHERE conversation_id = NEW.conversation_id AND status IN ('claimed', 'waiting', 'on_hold')
    ) THEN
        RAISE EXCEPTION 'a person holds the conversation'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'runs_not_held_check';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER runs_not_held BEFORE UPDATE ON runs
    FOR EACH ROW WHEN (OLD.status = 'running' AND NEW.outcome IN ('answered', 'clarify')) EXECUTE FUNCTION check_run_is_not_held();

-- The queue in its order, for each of the filters that a desk looks through it with.
CREATE INDEX tickets_status_idx ON tickets (status, priority, respond_by, id);
CREATE INDEX tickets_open_idx ON tickets (queue, language, priority, respond_by, id) WHERE status = 'open';
CREATE INDEX tickets_open_queue_idx ON tickets (queue, priority, respond_by, id) WHERE status = 'open';
CREATE INDEX tickets_by_queue_idx ON tickets (queue, priority, respond_by, id) WHERE status <> 'resolved';
CREATE INDEX tickets_by_intent_idx ON tickets (intent, priority, respond_by, id);
CREATE INDEX tickets_by_language_idx ON tickets (language, priority, respond_by, id);
CREATE INDEX tickets_by_assignee_idx ON tickets (assignee_id, priority, respond_by, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX tickets_by_tag_idx ON tickets USING gin (tags) WHERE tags <> '{}';
CREATE INDEX tickets_check_idx ON tickets (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX tickets_created_idx ON tickets (created_at);

-- Who did what to a ticket, when and why. Reasons are the agents' words, without secrets.
CREATE TABLE ticket_history (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    ticket_id   uuid        NOT NULL REFERENCES tickets (id),
    at          timestamptz NOT NULL,
    actor       text        NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    step        text        NOT NULL CHECK (step ~ '^[a-z_]{1,40}$'),
    from_status text        NOT NULL,
    to_status   text        NOT NULL,
    reason      text        NOT NULL DEFAULT '' CHECK (length(reason) <= 4000),
    detail      jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
    version     integer     NOT NULL
);

CREATE INDEX ticket_history_ticket_idx ON ticket_history (ticket_id, id);
CREATE TRIGGER ticket_history_append_only BEFORE UPDATE OR DELETE ON ticket_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

-- How each resolution of a ticket went. Only the latest can still change.
CREATE TABLE ticket_resolutions (
    ticket_id   uuid        NOT NULL REFERENCES tickets (id),
    ordinal     integer     NOT NULL CHECK (ordinal > 0),
    at          timestamptz NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('abandoned', 'assumed', 'confirmed', 'merged', 're_contacted')),
    actor       text        NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    PRIMARY KEY (ticket_id, ordinal)
);

CREATE INDEX ticket_resolutions_at_idx ON ticket_resolutions (at);
INSERT INTO ticket_resolutions (ticket_id, ordinal, at, outcome, actor)
SELECT id, 1, resolved_at, 'assumed', coalesce(assignee_id::text, 'system') FROM tickets WHERE status = 'resolved';

-- Notes of agents for each other. Customers never see them.
CREATE TABLE ticket_notes (
    id         uuid        PRIMARY KEY,
    ticket_id  uuid        NOT NULL REFERENCES tickets (id),
    agent_id   uuid        NOT NULL REFERENCES agents (id),
    body       text        NOT NULL CHECK (length(body) BETWEEN 1 AND 40000),
    created_at timestamptz NOT NULL
);

CREATE INDEX ticket_notes_ticket_idx ON ticket_notes (ticket_id, created_at);

-- Each alarm is sounded once: whoever inserts the row tells of it.
CREATE TABLE ticket_alarms (
    ticket_id uuid        NOT NULL REFERENCES tickets (id),
    promise   text        NOT NULL CHECK (promise IN ('response', 'resolution')),
    kind      text        NOT NULL CHECK (kind IN ('due_soon', 'overdue')),
    due       timestamptz NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, promise, kind, due)
);

-- How the desk works: package desk/plan reads the document. The newest is in force.
CREATE TABLE desk_plans (
    version    bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    source     text        NOT NULL CHECK (length(source) BETWEEN 1 AND 1048576),
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200)
);

CREATE TRIGGER desk_plans_append_only BEFORE UPDATE OR DELETE ON desk_plans
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

CREATE TABLE agent_presence (
    agent_id uuid        PRIMARY KEY REFERENCES agents (id),
    until    timestamptz NOT NULL
);

CREATE TABLE complaints (
    id              uuid        PRIMARY KEY,
    number          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 1),
    ticket_id       uuid        NOT NULL REFERENCES tickets (id),
    regime          text        NOT NULL CHECK (length(regime) BETWEEN 1 AND 60),
    status          text        NOT NULL CHECK (status IN ('open', 'upheld', 'partly_upheld', 'rejected', 'withdrawn')),
    received_at     timestamptz NOT NULL,
    acknowledged_at timestamptz,
    decide_by       timestamptz NOT NULL,
    extended        boolean     NOT NULL DEFAULT false,
    progress_at     timestamptz,
    warn_at         timestamptz NOT NULL,
    warned_at       timestamptz,
    overdue_at      timestamptz,
    decided_at      timestamptz,
    decided_by      uuid        REFERENCES agents (id),
    root_cause      text        CHECK (length(root_cause) BETWEEN 1 AND 100),
    version         integer     NOT NULL DEFAULT 1 CHECK (version > 0),
    CONSTRAINT complaints_ticket_key UNIQUE (ticket_id),
    CONSTRAINT complaints_number_key UNIQUE (number),
    CONSTRAINT complaints_decided_check CHECK ((status = 'open') = (decided_at IS NULL) AND (status = 'open') = (decided_by IS NULL)),
    CONSTRAINT complaints_cause_check CHECK (status IN ('open', 'withdrawn') OR root_cause IS NOT NULL)
);

CREATE INDEX complaints_status_idx ON complaints (status, decide_by, id);

CREATE TABLE complaint_history (
    id           bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    complaint_id uuid        NOT NULL REFERENCES complaints (id),
    at           timestamptz NOT NULL,
    actor        text        NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    step         text        NOT NULL CHECK (step ~ '^[a-z_]{1,40}$'),
    reason       text        NOT NULL DEFAULT '' CHECK (length(reason) <= 4000),
    message_id   uuid        REFERENCES messages (id)
);

CREATE INDEX complaint_history_complaint_idx ON complaint_history (complaint_id, id);
CREATE TRIGGER complaint_history_append_only BEFORE UPDATE OR DELETE ON complaint_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change();

ALTER TABLE drafts
    ADD COLUMN reject_code   text    CONSTRAINT drafts_reject_code_check CHECK (reject_code ~ '^[a-z_]{1,40}$'),
    ADD COLUMN edit_distance integer CONSTRAINT drafts_edit_distance_check CHECK (edit_distance >= 0),
    ADD COLUMN edit_share    real    CONSTRAINT drafts_edit_share_check CHECK (edit_share BETWEEN 0 AND 1),
    ADD COLUMN edits         jsonb   CONSTRAINT drafts_edits_check CHECK (jsonb_typeof(edits) = 'array');

CREATE INDEX drafts_decided_idx ON drafts (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX runs_concluded_at_idx ON runs (concluded_at) WHERE status = 'concluded';
CREATE INDEX feedback_created_idx ON feedback (created_at);

-- +goose Down

DROP INDEX feedback_created_idx;
DROP INDEX runs_concluded_at_idx;
DROP INDEX drafts_decided_idx;
ALTER TABLE drafts DROP COLUMN edits, DROP COLUMN edit_share, DROP COLUMN edit_distance, DROP COLUMN reject_code;
DROP TABLE complaint_history;
DROP TABLE complaints;
DROP TABLE agent_presence;
DROP TABLE desk_plans;
DROP TABLE ticket_alarms;
DROP TABLE ticket_notes;
DROP TABLE ticket_resolutions;
DROP TABLE ticket_history;
DROP TRIGGER runs_not_held ON runs;
DROP FUNCTION check_run_is_not_held();
DROP TRIGGER tickets_transition ON tickets;
DROP FUNCTION check_ticket_transition();
DROP INDEX tickets_created_idx, tickets_check_idx, tickets_by_tag_idx, tickets_by_assignee_idx, tickets_by_language_idx,
    tickets_by_intent_idx, tickets_by_queue_idx, tickets_open_queue_idx, tickets_open_idx, tickets_status_idx;
UPDATE tickets SET status = 'claimed' WHERE status = 'on_hold';
ALTER TABLE tickets
    DROP CONSTRAINT tickets_assignee_check,
    ADD CONSTRAINT tickets_assignee_check CHECK (status NOT IN ('claimed', 'waiting') OR assignee_id IS NOT NULL),
    DROP CONSTRAINT tickets_status_check,
    ADD CONSTRAINT tickets_status_check CHECK (status IN ('open', 'claimed', 'waiting', 'resolved')),
    DROP CONSTRAINT tickets_merged_check,
    DROP COLUMN recontacts, DROP COLUMN escalations, DROP COLUMN outcome, DROP COLUMN merged_into, DROP COLUMN next_check_at,
    DROP COLUMN follow_up_at, DROP COLUMN hold_until, DROP COLUMN claim_expires_at, DROP COLUMN paused_at,
    DROP COLUMN resolve_warn_at, DROP COLUMN resolve_by, DROP COLUMN respond_warn_at, DROP COLUMN awaiting_since,
    DROP COLUMN tags, DROP COLUMN queue;
