-- What evals make of live traffic: questions that were drawn for review and their labels, daily looks for drift, what a second
-- policy or model would have done, and checks of articles before they go live. No words of customers are copied here but in
-- eval_shadows.body, eval_labels.note and eval_checks.problem can somebody have written some.

-- +goose Up

-- A draw for review. The same seed and time draw the same questions: what was drawn before is not drawn twice.
CREATE TABLE eval_samples (
    id         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    seed       bigint      NOT NULL,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    population integer     NOT NULL, -- questions of that time
    drawn      integer     NOT NULL, -- of these, with those of earlier draws
    added      integer     NOT NULL, -- of these, for the first time
    drawn_at   timestamptz NOT NULL,
    drawn_by   text        NOT NULL,
    CONSTRAINT eval_samples_time_check CHECK (from_at < to_at),
    CONSTRAINT eval_samples_counts_check CHECK (0 <= added AND added <= drawn AND drawn <= population),
    CONSTRAINT eval_samples_drawn_by_check CHECK (length(drawn_by) BETWEEN 1 AND 200)
);

CREATE TABLE eval_reviews (
    run_id    uuid   NOT NULL,
    sample_id bigint NOT NULL,
    place     bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- the order in which they are looked at
    stratum   text   NOT NULL, -- intent and band of confidence
    CONSTRAINT eval_reviews_pkey PRIMARY KEY (run_id),
    CONSTRAINT eval_reviews_place_key UNIQUE (place),
    CONSTRAINT eval_reviews_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id),
    CONSTRAINT eval_reviews_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES eval_samples (id),
    CONSTRAINT eval_reviews_stratum_check CHECK (length(stratum) BETWEEN 1 AND 200)
);

-- Ordinals 1 and 2 are of people who did not see each other's label; 3 decides between two that differ.
CREATE TABLE eval_labels (
    run_id      uuid        NOT NULL,
    reviewer_id uuid        NOT NULL,
    ordinal     smallint    NOT NULL,
    label       text        NOT NULL,
    note        text        NOT NULL DEFAULT '',
    labelled_at timestamptz NOT NULL,
    CONSTRAINT eval_labels_pkey PRIMARY KEY (run_id, reviewer_id),
    CONSTRAINT eval_labels_ordinal_key UNIQUE (run_id, ordinal),
    CONSTRAINT eval_labels_run_id_fkey FOREIGN KEY (run_id) REFERENCES eval_reviews (run_id),
    CONSTRAINT eval_labels_reviewer_id_fkey FOREIGN KEY (reviewer_id) REFERENCES agents (id),
    CONSTRAINT eval_labels_ordinal_check CHECK (ordinal BETWEEN 1 AND 3),
    CONSTRAINT eval_labels_label_check CHECK (
        label IN ('correct_answer', 'wrong_answer', 'right_handoff', 'needless_handoff', 'missed_mandatory_handoff')
    ),
    CONSTRAINT eval_labels_note_check CHECK (length(note) <= 2000)
);

-- A label fits what happened to the question; once a second person has labelled, no label changes; and a third one stands only
-- where two differ. An erasure takes the note at any time.
-- +goose StatementBegin
CREATE FUNCTION check_eval_label() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER eval_labels_checked BEFORE INSERT OR UPDATE ON eval_labels FOR EACH ROW EXECUTE FUNCTION check_eval_label();

CREATE TABLE eval_drifts (
    id        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    looked_at timestamptz NOT NULL,
    alarms    integer     NOT NULL,
    report    jsonb       NOT NULL, -- rates and counts
    CONSTRAINT eval_drifts_alarms_check CHECK (alarms >= 0),
    CONSTRAINT eval_drifts_report_check CHECK (jsonb_typeof(report) = 'object')
);

CREATE INDEX eval_drifts_looked_at_idx ON eval_drifts (looked_at DESC, id DESC);

-- What a candidate would have done with a live question. Nothing here was sent.
CREATE TABLE eval_shadows (
    candidate         text             NOT NULL, -- its name and a hash of what it is
    run_id            uuid             NOT NULL,
    asked_at          timestamptz      NOT NULL,
    outcome           text,
    reasons           text[]           NOT NULL DEFAULT '{}',
    language          text             NOT NULL DEFAULT '',
    articles          text[]           NOT NULL DEFAULT '{}', -- slugs that the reply cites
    body              text             NOT NULL DEFAULT '',
    confidence        double precision NOT NULL DEFAULT 0,
    prompt_tokens     bigint           NOT NULL DEFAULT 0,
    completion_tokens bigint           NOT NULL DEFAULT 0,
    cost_usd          double precision NOT NULL DEFAULT 0,
    duration_ms       bigint           NOT NULL DEFAULT 0,
    CONSTRAINT eval_shadows_pkey PRIMARY KEY (candidate, run_id),
    CONSTRAINT eval_shadows_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id),
    CONSTRAINT eval_shadows_candidate_check CHECK (length(candidate) BETWEEN 1 AND 100),
    CONSTRAINT eval_shadows_outcome_check CHECK (outcome IN ('answered', 'clarify', 'handed_off')), -- null: the candidate failed
    CONSTRAINT eval_shadows_cost_check CHECK (cost_usd >= 0 AND prompt_tokens >= 0 AND completion_tokens >= 0 AND duration_ms >= 0)
);

CREATE INDEX eval_shadows_run_idx ON eval_shadows (run_id);

-- A suite that is run on an article as it would be, before it goes live.
CREATE TABLE eval_checks (
    id       uuid        NOT NULL,
    article  jsonb       NOT NULL,
    status   text        NOT NULL DEFAULT 'waiting',
    done     integer     NOT NULL DEFAULT 0,
    total    integer     NOT NULL DEFAULT 0,
    gate     jsonb,
    problem  text        NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL,
    asked_by text        NOT NULL,
    ended_at timestamptz,
    CONSTRAINT eval_checks_pkey PRIMARY KEY (id),
    CONSTRAINT eval_checks_article_check CHECK (jsonb_typeof(article) = 'object'),
    CONSTRAINT eval_checks_status_check CHECK (status IN ('waiting', 'running', 'passed', 'failed', 'broken')),
    CONSTRAINT eval_checks_progress_check CHECK (0 <= done AND done <= total),
    CONSTRAINT eval_checks_ended_check CHECK ((status IN ('waiting', 'running')) = (ended_at IS NULL)),
    CONSTRAINT eval_checks_gate_check CHECK ((status IN ('passed', 'failed')) = (gate IS NOT NULL)),
    CONSTRAINT eval_checks_asked_by_check CHECK (length(asked_by) BETWEEN 1 AND 200)
);

-- +goose Down

DROP TABLE eval_checks, eval_shadows, eval_drifts, eval_labels, eval_reviews, eval_samples;
DROP FUNCTION check_eval_label();
