-- What a customer wrote and who they are can be taken away. What remains says how the desk worked, and nothing of the customer:
-- times, outcomes, codes and ids.
--
-- Replicas of the version before go on meanwhile. They do not know of erased conversations, and the database refuses what they
-- would add to one.

-- +goose Up

ALTER TABLE conversations
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT conversations_erased_check CHECK (
        erased_at IS NULL OR num_nonnulls(customer_ref, customer_tier, customer_jurisdiction, claimed_jurisdiction) = 0
    );

CREATE INDEX conversations_customer_idx ON conversations (customer_ref) WHERE customer_ref IS NOT NULL;
CREATE INDEX conversations_kept_idx ON conversations (created_at, id) WHERE erased_at IS NULL;

-- Rows that explain a past decision still never change, but for this: their words go with those of the conversation.
-- +goose StatementBegin
CREATE FUNCTION forbid_change_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless     record := OLD; -- the row as an erasure leaves it
    conversation uuid;
BEGIN
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
    FOR EACH ROW WHEN (OLD.status = 'concluded') EXECUTE FUNCTION forbid_change_but_erasure();
DROP TRIGGER ticket_history_append_only ON ticket_history;
CREATE TRIGGER ticket_history_append_only BEFORE UPDATE OR DELETE ON ticket_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change_but_erasure();
DROP TRIGGER complaint_history_append_only ON complaint_history;
CREATE TRIGGER complaint_history_append_only BEFORE UPDATE OR DELETE ON complaint_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change_but_erasure();

-- Nothing is added to an erased conversation, also not by who began before the erasure: an erasure holds the conversation's row
-- until it commits, and this waits for it. The lock is the one that a foreign key to conversations takes.
-- +goose StatementBegin
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    conversation uuid;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'drafts', 'ticket_history', 'ticket_notes' THEN
        SELECT t.conversation_id INTO conversation FROM tickets t WHERE t.id = NEW.ticket_id;
    WHEN 'complaint_history' THEN
        SELECT t.conversation_id INTO conversation
        FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE c.id = NEW.complaint_id;
    ELSE
        conversation := NEW.conversation_id;
    END CASE;
    PERFORM FROM conversations c WHERE c.id = conversation AND c.erased_at IS NULL FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM conversations c WHERE c.id = conversation) THEN
        RAISE EXCEPTION 'the conversation was erased'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'conversations_not_erased_check';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER complaint_history_not_erased BEFORE INSERT ON complaint_history FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER drafts_not_erased BEFORE INSERT ON drafts FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER feedback_not_erased BEFORE INSERT ON feedback FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER messages_not_erased BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER runs_not_erased BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER ticket_history_not_erased BEFORE INSERT ON ticket_history FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER ticket_notes_not_erased BEFORE INSERT ON ticket_notes FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER tickets_not_erased BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION refuse_erased();

-- +goose Down

DROP TRIGGER tickets_not_erased ON tickets;
DROP TRIGGER ticket_notes_not_erased ON ticket_notes;
DROP TRIGGER ticket_history_not_erased ON ticket_history;
DROP TRIGGER runs_not_erased ON runs;
DROP TRIGGER messages_not_erased ON messages;
DROP TRIGGER feedback_not_erased ON feedback;
DROP TRIGGER drafts_not_erased ON drafts;
DROP TRIGGER complaint_history_not_erased ON complaint_history;
DROP FUNCTION refuse_erased();
DROP TRIGGER complaint_history_append_only ON complaint_history;
CREATE TRIGGER complaint_history_append_only BEFORE UPDATE OR DELETE ON complaint_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change();
DROP TRIGGER ticket_history_append_only ON ticket_history;
CREATE TRIGGER ticket_history_append_only BEFORE UPDATE OR DELETE ON ticket_history
    FOR EACH ROW EXECUTE FUNCTION forbid_change();
DROP TRIGGER runs_concluded_is_final ON runs;
CREATE TRIGGER runs_concluded_is_final BEFORE UPDATE ON runs
    FOR EACH ROW WHEN (OLD.status = 'concluded') EXECUTE FUNCTION forbid_change();
DROP FUNCTION forbid_change_but_erasure();
DROP INDEX conversations_kept_idx, conversations_customer_idx;
ALTER TABLE conversations DROP COLUMN erased_at;
