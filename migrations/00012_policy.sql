-- What the assistant would have sent while the desk only tries it out. Replicas of the version before write neither column.

-- +goose Up

ALTER TABLE runs
    ADD COLUMN shadow_outcome text,
    ADD COLUMN shadow_body    text,
    ADD CONSTRAINT runs_shadow_check CHECK (
        (shadow_outcome IS NULL AND shadow_body IS NULL)
        OR (shadow_outcome IN ('answered', 'clarify') AND shadow_body IS NOT NULL AND outcome = 'handed_off')
    );

-- +goose Down

ALTER TABLE runs DROP CONSTRAINT runs_shadow_check, DROP COLUMN shadow_outcome, DROP COLUMN shadow_body;
