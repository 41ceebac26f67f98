-- The queue by channel and by risk without reading all of it.
--
-- The channel of a ticket is that of its conversation, which never changes. The database copies it, so that a replica of the
-- version before, which does not know the column, writes it too.

-- +goose Up

ALTER TABLE tickets ADD COLUMN channel text NOT NULL DEFAULT '';
UPDATE tickets t SET channel = c.channel FROM conversations c WHERE c.id = t.conversation_id;

-- +goose StatementBegin
CREATE FUNCTION copy_ticket_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.channel := (SELECT channel FROM conversations WHERE id = NEW.conversation_id);
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER tickets_channel BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION copy_ticket_channel();

CREATE INDEX tickets_by_channel_idx ON tickets (channel, priority, respond_by, id);
CREATE INDEX tickets_by_risk_idx ON tickets USING gin (risks) WHERE risks <> '{}';

-- +goose Down

DROP INDEX tickets_by_risk_idx, tickets_by_channel_idx;
DROP TRIGGER tickets_channel ON tickets;
DROP FUNCTION copy_ticket_channel();
ALTER TABLE tickets DROP COLUMN channel;
