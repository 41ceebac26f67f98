-- Encryption can be taken off again (deskhand encryption off), and the notes of reviewers and what candidates would have said are
-- encrypted too.
--
-- Replicas of the version before go on meanwhile: they take a data key that is there, and those of this version seal the same texts
-- as they do, and two more, which they would show as they are stored. So their encrypted reviews are for after the last of them.

-- +goose Up

-- retiring_at: since then its texts are being opened, and nothing is sealed with it. retired_at: no text needs it any more. The key
-- stays: should anybody still hold a text of it, it can be opened.
ALTER TABLE data_keys
    ADD COLUMN retiring_at timestamptz,
    ADD COLUMN retired_at timestamptz,
    ADD CONSTRAINT data_keys_retired_check CHECK (retired_at IS NULL OR retiring_at IS NOT NULL);

-- Encryption is being taken off: no data key seals, and some still have texts.
CREATE FUNCTION is_opening() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM data_keys WHERE retiring_at IS NULL) AND EXISTS (SELECT FROM data_keys WHERE retired_at IS NULL)
$$;

-- A text changes by being sealed, or by being opened while encryption is being taken off.
-- +goose StatementBegin
CREATE FUNCTION seals_or_opens(before text, after text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF is_sealed(after) THEN
        RETURN NOT is_sealed(before);
    END IF;
    RETURN after IS NOT NULL AND is_sealed(before) AND is_opening();
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seals_only(before anyelement, after anyelement) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    old_row jsonb := to_jsonb(before);
    new_row jsonb := to_jsonb(after);
    field   text;
BEGIN
    FOREACH field IN ARRAY ARRAY['reason', 'shadow_body'] LOOP
        IF seals_or_opens(old_row ->> field, new_row ->> field) THEN
            old_row := old_row || jsonb_build_object(field, new_row -> field);
        END IF;
    END LOOP;
    IF seals_or_opens(old_row #>> '{detail,override_reason}', new_row #>> '{detail,override_reason}') THEN
        old_row := jsonb_set(old_row, '{detail,override_reason}', new_row #> '{detail,override_reason}', false);
    END IF;
    RETURN old_row = new_row AND to_jsonb(before) <> new_row;
END
$$;
-- +goose StatementEnd

ALTER TABLE eval_labels DROP CONSTRAINT eval_labels_note_check,
    ADD CONSTRAINT eval_labels_note_check CHECK (length(note) <= 2000 OR is_sealed(note));

-- As before, but that a note may be sealed and opened at any time.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION check_eval_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.note = '' OR NEW.labelled_at = OLD.labelled_at AND seals_or_opens(OLD.note, NEW.note))
        AND (NEW.label, NEW.ordinal, NEW.reviewer_id) = (OLD.label, OLD.ordinal, OLD.reviewer_id) THEN
        RETURN NEW;
    END IF;
    PERFORM FROM eval_reviews v WHERE v.run_id = NEW.run_id FOR UPDATE; -- two people who label at once are told apart
    IF (NEW.label IN ('right_handoff', 'needless_handoff')) <> (SELECT r.outcome = 'handed_off' FROM runs r WHERE r.id = NEW.run_id) THEN
        RAISE EXCEPTION 'the label does not fit the outcome'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'eval_labels_outcome_check';
    END IF;
    IF TG_OP = 'UPDATE' AND EXISTS (SELECT FROM eval_labels l WHERE l.run_id = NEW.run_id AND l.reviewer_id <> NEW.reviewer_id) THEN
        RAISE EXCEPTION 'another has labelled since'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'eval_labels_final_check';
    END IF;
    IF NEW.ordinal = 3 AND 2 <> (SELECT count(DISTINCT l.label) FROM eval_labels l WHERE l.run_id = NEW.run_id AND l.ordinal < 3) THEN
        RAISE EXCEPTION 'there is nothing to decide'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'eval_labels_disagreement_check';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- +goose Down

-- Take encryption off before: the version before shows a note that is sealed as it is stored.
ALTER TABLE eval_labels DROP CONSTRAINT eval_labels_note_check,
    ADD CONSTRAINT eval_labels_note_check CHECK (length(note) <= 2000);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION check_eval_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.note = '' AND (NEW.label, NEW.ordinal, NEW.reviewer_id) = (OLD.label, OLD.ordinal, OLD.reviewer_id) THEN
        RETURN NEW;
    END IF;
    PERFORM FROM eval_reviews v WHERE v.run_id = NEW.run_id FOR UPDATE; -- two people who label at once are told apart
    IF (NEW.label IN ('right_handoff', 'needless_handoff')) <> (SELECT r.outcome = 'handed_off' FROM runs r WHERE r.id = NEW.run_id) THEN
        RAISE EXCEPTION 'the label does not fit the outcome'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'eval_labels_outcome_check';
    END IF;
    IF TG_OP = 'UPDATE' AND EXISTS (SELECT FROM eval_labels l WHERE l.run_id = NEW.run_id AND l.reviewer_id <> NEW.reviewer_id) THEN
        RAISE EXCEPTION 'another has labelled since'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'eval_labels_final_check';
    END IF;
    IF NEW.ordinal = 3 AND 2 <> (SELECT count(DISTINCT l.label) FROM eval_labels l WHERE l.run_id = NEW.run_id AND l.ordinal < 3) THEN
        RAISE EXCEPTION 'there is nothing to decide'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'eval_labels_disagreement_check';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seals_only(before anyelement, after anyelement) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
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
DROP FUNCTION seals_or_opens(text, text);
DROP FUNCTION is_opening();
ALTER TABLE data_keys DROP COLUMN retired_at, DROP COLUMN retiring_at;
