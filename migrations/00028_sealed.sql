-- Texts may be kept encrypted (package seal): then they begin with dhe1. and are longer than what was written. The key that wraps
-- the data keys is in a file that the database never sees.
--
-- Replicas of the version before go on meanwhile: nothing is encrypted until somebody names a file of keys to this version. They
-- cannot read what is encrypted then, so that is for after the last of them.

-- +goose Up

CREATE TABLE data_keys (
    id         uuid        PRIMARY KEY,
    created_at timestamptz NOT NULL,
    day        date        NOT NULL,
    kek_id     text        NOT NULL,
    wrapped    bytea       NOT NULL,
    CONSTRAINT data_keys_day_key UNIQUE (day),
    CONSTRAINT data_keys_kek_id_check CHECK (kek_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT data_keys_wrapped_check CHECK (octet_length(wrapped) = 60) -- a nonce, a key of 32 bytes, a tag
);

-- A text that is sealed is four thirds of its bytes, and up to four bytes a character.
CREATE FUNCTION is_sealed(text text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT starts_with($1, 'dhe1.') AND length($1) BETWEEN 64 AND 220000
$$;

ALTER TABLE messages DROP CONSTRAINT messages_body_check,
    ADD CONSTRAINT messages_body_check CHECK (length(body) BETWEEN 1 AND 40000 OR is_sealed(body));
ALTER TABLE feedback DROP CONSTRAINT feedback_comment_check,
    ADD CONSTRAINT feedback_comment_check CHECK (length(comment) BETWEEN 1 AND 4000 OR is_sealed(comment));
ALTER TABLE drafts DROP CONSTRAINT drafts_body_check, DROP CONSTRAINT drafts_reject_reason_check,
    ADD CONSTRAINT drafts_body_check CHECK (length(body) BETWEEN 1 AND 40000 OR is_sealed(body)),
    ADD CONSTRAINT drafts_reject_reason_check CHECK (length(reject_reason) BETWEEN 1 AND 1000 OR is_sealed(reject_reason));
ALTER TABLE ticket_notes DROP CONSTRAINT ticket_notes_body_check,
    ADD CONSTRAINT ticket_notes_body_check CHECK (length(body) BETWEEN 1 AND 40000 OR is_sealed(body));
ALTER TABLE ticket_history DROP CONSTRAINT ticket_history_reason_check,
    ADD CONSTRAINT ticket_history_reason_check CHECK (length(reason) <= 4000 OR is_sealed(reason));
ALTER TABLE complaint_history DROP CONSTRAINT complaint_history_reason_check,
    ADD CONSTRAINT complaint_history_reason_check CHECK (length(reason) <= 4000 OR is_sealed(reason));
ALTER TABLE webhook_endpoints DROP CONSTRAINT webhook_endpoints_secret_check, DROP CONSTRAINT webhook_endpoints_old_secret_check,
    ADD CONSTRAINT webhook_endpoints_secret_check CHECK (secret ~ '^whsec_[A-Za-z0-9+/=]{32,}$' OR is_sealed(secret)),
    ADD CONSTRAINT webhook_endpoints_old_secret_check CHECK (old_secret ~ '^whsec_[A-Za-z0-9+/=]{32,}$' OR is_sealed(old_secret));

-- Rows that explain a past decision still never change, but for this: a text of theirs that was not sealed is. What was sealed is
-- never sealed again here, and whoever has no key can make nothing that opens.
-- +goose StatementBegin
CREATE FUNCTION seals_only(before anyelement, after anyelement) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    old_row jsonb := to_jsonb(before);
    new_row jsonb := to_jsonb(after);
    field   text;
BEGIN
    FOREACH field IN ARRAY ARRAY['reason', 'shadow_body'] LOOP
        IF is_sealed(new_row ->> field) AND NOT is_sealed(old_row ->> field) THEN
            old_row := old_row || jsonb_build_object(field, new_row -> field);
        END IF;
    END LOOP;
    IF is_sealed(new_row #>> '{detail,override_reason}') AND NOT is_sealed(old_row #>> '{detail,override_reason}') THEN
        old_row := jsonb_set(old_row, '{detail,override_reason}', new_row #> '{detail,override_reason}', false);
    END IF;
    RETURN old_row = new_row AND to_jsonb(before) <> new_row;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION forbid_change_but_sealing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless     record := OLD; -- the row as an erasure leaves it
    conversation uuid;
BEGIN
    IF TG_OP = 'UPDATE' AND seals_only(OLD, NEW) THEN
        RETURN NEW;
    END IF;
    CASE TG_TABLE_NAME
    WHEN 'runs' THEN
        conversation := OLD.conversation_id;
        wordless.shadow_body := CASE WHEN OLD.shadow_body IS NOT NULL THEN '[erased]' END;
    WHEN 'ticket_history' THEN
        SELECT t.conversation_id INTO conversation FROM tickets t WHERE t.id = OLD.ticket_id;
        wordless.reason := '';
        wordless.detail := OLD.detail - 'override_reason';
    WHEN 'complaint_history' THEN
        SELECT t.conversation_id INTO conversation
        FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE c.id = OLD.complaint_id;
        wordless.reason := '';
    END CASE;
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM wordless AND EXISTS (
        SELECT FROM conversations c WHERE c.id = conversation AND c.erased_at IS NOT NULL
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % is not allowed: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd

DROP TRIGGER runs_concluded_is_final ON runs;
CREATE TRIGGER runs_concluded_is_final BEFORE UPDATE ON runs
    FOR EACH ROW WHEN (OLD.status = 'concluded') EXECUTE FUNCTION forbid_change_but_sealing();
DROP TRIGGER ticket_history_append_only ON ticket_history;
CREATE TRIGGER ticket_history_append_only BEFORE UPDATE OR DELETE ON ticket_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change_but_sealing();
DROP TRIGGER complaint_history_append_only ON complaint_history;
CREATE TRIGGER complaint_history_append_only BEFORE UPDATE OR DELETE ON complaint_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change_but_sealing();

-- +goose Down

DROP TRIGGER complaint_history_append_only ON complaint_history;
CREATE TRIGGER complaint_history_append_only BEFORE UPDATE OR DELETE ON complaint_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change_but_erasure();
DROP TRIGGER ticket_history_append_only ON ticket_history;
CREATE TRIGGER ticket_history_append_only BEFORE UPDATE OR DELETE ON ticket_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change_but_erasure();
DROP TRIGGER runs_concluded_is_final ON runs;
CREATE TRIGGER runs_concluded_is_final BEFORE UPDATE ON runs
    FOR EACH ROW WHEN (OLD.status = 'concluded') EXECUTE FUNCTION forbid_change_but_erasure();
DROP FUNCTION forbid_change_but_sealing();
DROP FUNCTION seals_only(anyelement, anyelement);

-- Texts that are sealed break these on purpose: the version before could not read them.
ALTER TABLE webhook_endpoints DROP CONSTRAINT webhook_endpoints_secret_check, DROP CONSTRAINT webhook_endpoints_old_secret_check,
    ADD CONSTRAINT webhook_endpoints_secret_check CHECK (secret ~ '^whsec_[A-Za-z0-9+/=]{32,}$'),
    ADD CONSTRAINT webhook_endpoints_old_secret_check CHECK (old_secret ~ '^whsec_[A-Za-z0-9+/=]{32,}$');
ALTER TABLE complaint_history DROP CONSTRAINT complaint_history_reason_check,
    ADD CONSTRAINT complaint_history_reason_check CHECK (length(reason) <= 4000);
ALTER TABLE ticket_history DROP CONSTRAINT ticket_history_reason_check,
    ADD CONSTRAINT ticket_history_reason_check CHECK (length(reason) <= 4000);
ALTER TABLE ticket_notes DROP CONSTRAINT ticket_notes_body_check,
    ADD CONSTRAINT ticket_notes_body_check CHECK (length(body) BETWEEN 1 AND 40000);
ALTER TABLE drafts DROP CONSTRAINT drafts_body_check, DROP CONSTRAINT drafts_reject_reason_check,
    ADD CONSTRAINT drafts_body_check CHECK (length(body) BETWEEN 1 AND 40000),
    ADD CONSTRAINT drafts_reject_reason_check CHECK (length(reject_reason) BETWEEN 1 AND 1000);
ALTER TABLE feedback DROP CONSTRAINT feedback_comment_check,
    ADD CONSTRAINT feedback_comment_check CHECK (length(comment) BETWEEN 1 AND 4000);
ALTER TABLE messages DROP CONSTRAINT messages_body_check,
    ADD CONSTRAINT messages_body_check CHECK (length(body) BETWEEN 1 AND 40000);
DROP FUNCTION is_sealed(text);
DROP TABLE data_keys;
