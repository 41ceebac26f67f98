-- Whether a conversation was erased is asked once for each row that joins it, and not twice where the conversation is new and begins with
-- the very statement that adds the row: it is not to be seen yet, and nobody can have erased it.

-- +goose Up

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    conversation uuid;
    erased       timestamptz;
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
    -- Waits for an erasure under way, and keeps the next one away until this transaction has ended.
    SELECT c.erased_at INTO erased FROM conversations c WHERE c.id = conversation FOR KEY SHARE;
    IF erased IS NOT NULL THEN
        RAISE EXCEPTION 'the conversation was erased'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'conversations_not_erased_check';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- +goose Down

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
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
    -- Waits for an erasure under way, and keeps the next one away until this transaction has ended.
    PERFORM FROM conversations c WHERE c.id = conversation AND c.erased_at IS NULL FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM conversations c WHERE c.id = conversation) THEN
        RAISE EXCEPTION 'the conversation was erased'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'conversations_not_erased_check';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
