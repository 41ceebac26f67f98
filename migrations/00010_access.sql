-- People's log-in, customers' identity, and an audit log whose rows are chained.

-- +goose Up

-- An agent without an e-mail address is one that only an API key acts as.
ALTER TABLE agents
    ADD COLUMN email                text,
    ADD COLUMN password_hash        text,
    ADD COLUMN password_changed_at  timestamptz,
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
    ADD COLUMN factor_secret        text,
    ADD COLUMN factor_pending       text,
    ADD COLUMN factor_enrolled_at   timestamptz,
    ADD COLUMN factor_used_step     bigint  NOT NULL DEFAULT 0,
    ADD COLUMN provider_issuer      text,
    ADD COLUMN provider_subject     text,
    ADD COLUMN disabled_at          timestamptz,
    ADD CONSTRAINT agents_email_check CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email) AND email LIKE '%_@_%'),
    ADD CONSTRAINT agents_email_key UNIQUE (email),
    ADD CONSTRAINT agents_password_check CHECK (
        password_hash IS NULL OR password_hash LIKE '$argon2id$%' AND length(password_hash) <= 300 AND email IS NOT NULL
    ),
    ADD CONSTRAINT agents_factor_check CHECK (factor_enrolled_at IS NULL OR factor_secret IS NOT NULL),
    ADD CONSTRAINT agents_provider_check CHECK ((provider_issuer IS NULL) = (provider_subject IS NULL)),
    ADD CONSTRAINT agents_provider_key UNIQUE (provider_issuer, provider_subject);

ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_role_check,
    ADD CONSTRAINT api_keys_role_check CHECK (role IN ('widget', 'agent', 'lead', 'admin'));

CREATE TABLE recovery_codes (
    agent_id  uuid  NOT NULL REFERENCES agents (id),
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    used_at   timestamptz,
    PRIMARY KEY (agent_id, code_hash)
);

-- Only the SHA-256 of a session's secret is kept: it is 256 random bits.
CREATE TABLE sessions (
    id               uuid        PRIMARY KEY,
    agent_id         uuid        NOT NULL REFERENCES agents (id),
    secret_hash      bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    method           text        NOT NULL CHECK (method IN ('password', 'provider')),
    network          text        NOT NULL CHECK (length(network) BETWEEN 1 AND 100),
    user_agent       text        NOT NULL CHECK (length(user_agent) <= 200),
    factor_proved_at timestamptz,
    created_at       timestamptz NOT NULL,
    seen_at          timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    ended_at         timestamptz,
    CONSTRAINT sessions_secret_hash_key UNIQUE (secret_hash)
);

CREATE INDEX sessions_agent_idx ON sessions (agent_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

-- A browser that has logged in to an account before is not slowed down by guesses from elsewhere.
CREATE TABLE known_devices (
    agent_id    uuid        NOT NULL REFERENCES agents (id),
    device_hash bytea       NOT NULL CHECK (octet_length(device_hash) = 32),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (agent_id, device_hash)
);

-- key is a hash over what is counted together, so that neither addresses nor names of strangers are kept.
CREATE TABLE login_tries (
    key           bytea       PRIMARY KEY CHECK (octet_length(key) = 32),
    failures      integer     NOT NULL CHECK (failures >= 0),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE INDEX login_tries_last_idx ON login_tries (last_at);

-- A log-in that is at the identity provider: what must come back with it.
CREATE TABLE provider_logins (
    state_hash bytea       PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    nonce      text        NOT NULL CHECK (length(nonce) BETWEEN 20 AND 200),
    verifier   text        NOT NULL CHECK (length(verifier) BETWEEN 43 AND 128),
    expires_at timestamptz NOT NULL
);

-- How a host site proves who its customer is: the secret that it signs with, or the public half of its key. The one without an
-- end is in force; one with an end still is until then.
CREATE TABLE identity_keys (
    id         uuid        PRIMARY KEY,
    api_key_id uuid        NOT NULL REFERENCES api_keys (id),
    algorithm  text        NOT NULL CHECK (algorithm IN ('HS256', 'EdDSA')),
    material   bytea       NOT NULL CHECK (octet_length(material) BETWEEN 32 AND 100),
    created_at timestamptz NOT NULL,
    ends_at    timestamptz
);

CREATE UNIQUE INDEX identity_keys_current_key ON identity_keys (api_key_id) WHERE ends_at IS NULL;

-- A token is good for one conversation. It is forgotten when it would be refused for its age.
CREATE TABLE identity_tokens (
    api_key_id      uuid        NOT NULL REFERENCES api_keys (id),
    token_hash      bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    conversation_id uuid        NOT NULL REFERENCES conversations (id),
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (api_key_id, token_hash)
);

CREATE INDEX identity_tokens_expires_idx ON identity_tokens (expires_at);

ALTER TABLE conversations
    ADD COLUMN customer_tier         text,
    ADD COLUMN customer_jurisdiction text,
    ADD CONSTRAINT conversations_tier_check CHECK (
        customer_tier IS NULL OR customer_tier ~ '^[a-z0-9_-]{1,32}$' AND customer_ref IS NOT NULL
    ),
    ADD CONSTRAINT conversations_jurisdiction_check CHECK (
        customer_jurisdiction IS NULL OR customer_jurisdiction ~ '^[A-Z]{2}$' AND customer_ref IS NOT NULL
    );

-- The chain. It is a table of its own, written when a transaction commits: so the place in it, and not the identity that a row
-- got when it was written, is the order, and writers wait for each other only while they commit. A replica of the version
-- before knows nothing of it and is chained all the same.
CREATE TABLE audit_chain (
    position bigint PRIMARY KEY CHECK (position > 0),
    entry_id bigint NOT NULL REFERENCES audit_log (id),
    previous bytea  NOT NULL CHECK (octet_length(previous) = 32),
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT audit_chain_entry_key UNIQUE (entry_id)
);

-- One row: the end of the chain. Its lock puts the writers in a row.
CREATE TABLE audit_head (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL CHECK (position >= 0),
    hash     bytea   NOT NULL CHECK (octet_length(hash) = 32)
);

INSERT INTO audit_head (position, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- What is hashed: each part with its length before it, so that no two entries look alike. Package postgres writes the same.
-- +goose StatementBegin
CREATE FUNCTION audit_hash(previous bytea, place bigint, entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(previous || convert_to(string_agg(octet_length(convert_to(part, 'UTF8')) || ':' || part || ',', '' ORDER BY n), 'UTF8'))
    FROM unnest(ARRAY[
        place::text, entry.id::text, (extract(epoch FROM entry.at) * 1000000)::bigint::text,
        entry.actor, entry.action, entry.subject_kind, entry.subject_id, entry.detail::text
    ]) WITH ORDINALITY AS parts (part, n)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last audit_head;
    next bytea;
BEGIN
    SELECT * INTO STRICT last FROM audit_head FOR UPDATE;
    next := audit_hash(last.hash, last.position + 1, NEW);
    INSERT INTO audit_chain (position, entry_id, previous, hash) VALUES (last.position + 1, NEW.id, last.hash, next);
    UPDATE audit_head SET position = last.position + 1, hash = next;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- The end of the chain moves forward, with a row that stands there, and not otherwise.
-- +goose StatementBegin
CREATE FUNCTION guard_audit_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.position <> OLD.position + 1 OR NOT EXISTS (
        SELECT FROM audit_chain c WHERE c.position = NEW.position AND c.hash = NEW.hash AND c.previous = OLD.hash
    ) THEN
        RAISE EXCEPTION '% on audit_head is not allowed: it follows the chain', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER audit_log_chained AFTER INSERT ON audit_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_audit_entry();

-- Entries of before begin the chain, in the order of their identities.
-- +goose StatementBegin
DO $$
DECLARE
    entry audit_log;
    last  audit_head;
    next  bytea;
BEGIN
    SELECT * INTO STRICT last FROM audit_head;
    FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
        next := audit_hash(last.hash, last.position + 1, entry);
        INSERT INTO audit_chain (position, entry_id, previous, hash) VALUES (last.position + 1, entry.id, last.hash, next);
        last.position := last.position + 1;
        last.hash := next;
    END LOOP;
    UPDATE audit_head SET position = last.position, hash = last.hash;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_log_not_truncated BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION forbid_change();
CREATE TRIGGER audit_chain_not_truncated BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
CREATE TRIGGER audit_head_follows BEFORE INSERT OR UPDATE OR DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION guard_audit_head();
CREATE TRIGGER audit_head_not_truncated BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();

CREATE INDEX audit_log_action_idx ON audit_log (action, id);
CREATE INDEX audit_log_actor_idx ON audit_log (actor, id);

-- +goose Down

DROP INDEX audit_log_actor_idx;
DROP INDEX audit_log_action_idx;
DROP TRIGGER audit_log_not_truncated ON audit_log;
DROP TRIGGER audit_log_chained ON audit_log;
DROP TABLE audit_head;
DROP TABLE audit_chain;
DROP FUNCTION guard_audit_head();
DROP FUNCTION chain_audit_entry();
DROP FUNCTION audit_hash(bytea, bigint, audit_log);
ALTER TABLE conversations DROP COLUMN customer_jurisdiction, DROP COLUMN customer_tier;
DROP TABLE identity_tokens;
DROP TABLE identity_keys;
DROP TABLE provider_logins;
DROP TABLE login_tries;
DROP TABLE known_devices;
DROP TABLE sessions;
DROP TABLE recovery_codes;
UPDATE api_keys SET role = 'admin' WHERE role = 'lead'; -- the version before knows no such key
ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_role_check,
    ADD CONSTRAINT api_keys_role_check CHECK (role IN ('widget', 'agent', 'admin'));
ALTER TABLE agents
    DROP COLUMN disabled_at,
    DROP COLUMN provider_subject,
    DROP COLUMN provider_issuer,
    DROP COLUMN factor_used_step,
    DROP COLUMN factor_enrolled_at,
    DROP COLUMN factor_pending,
    DROP COLUMN factor_secret,
    DROP COLUMN must_change_password,
    DROP COLUMN password_changed_at,
    DROP COLUMN password_hash,
    DROP COLUMN email;
