-- Where other systems take events, and what became of each delivery.

-- +goose Up

-- A removed endpoint stays until its deliveries are forgotten, without its secrets.
CREATE TABLE webhook_endpoints (
    id               uuid        PRIMARY KEY,
    name             text        NOT NULL CHECK (length(name) <= 200),
    url              text        NOT NULL CHECK (url ~ '^https?://' AND length(url) <= 2000),
    events           text[]      NOT NULL DEFAULT '{}',
    insecure_http    boolean     NOT NULL DEFAULT false,
    networks         text[]      NOT NULL DEFAULT '{}',
    secret           text        CHECK (secret ~ '^whsec_[A-Za-z0-9+/=]{32,}$'),
    old_secret       text        CHECK (old_secret ~ '^whsec_[A-Za-z0-9+/=]{32,}$'),
    old_secret_until timestamptz,
    created_at       timestamptz NOT NULL,
    failing_since    timestamptz,
    last_failure_at  timestamptz,
    paused_until     timestamptz,
    disabled_at      timestamptz,
    disabled_reason  text        CHECK (length(disabled_reason) BETWEEN 1 AND 500),
    removed_at       timestamptz,
    CONSTRAINT webhook_endpoints_scheme_check CHECK (insecure_http OR url LIKE 'https://%'),
    CONSTRAINT webhook_endpoints_removed_check CHECK ((removed_at IS NULL) = (secret IS NOT NULL)),
    CONSTRAINT webhook_endpoints_rotated_check CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CONSTRAINT webhook_endpoints_disabled_check CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);

CREATE UNIQUE INDEX webhook_endpoints_url_key ON webhook_endpoints (url) WHERE removed_at IS NULL;

-- json and not jsonb: the body is sent, and signed, as it was written.
CREATE TABLE webhook_events (
    id         uuid        PRIMARY KEY,
    type       text        NOT NULL CHECK (type ~ '^[a-z]+\.[a-z_]+$'),
    body       json        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX webhook_events_created_idx ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
    id           uuid        PRIMARY KEY,
    event_id     uuid        NOT NULL REFERENCES webhook_events (id) ON DELETE CASCADE,
    endpoint_id  uuid        NOT NULL REFERENCES webhook_endpoints (id),
    status       text        NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    replays      integer     NOT NULL DEFAULT 0 CHECK (replays >= 0),
    last_at      timestamptz,
    last_status  integer     NOT NULL DEFAULT 0 CHECK (last_status BETWEEN 0 AND 999),
    last_problem text        NOT NULL DEFAULT '' CHECK (length(last_problem) <= 500),
    next_at      timestamptz,
    delivered_at timestamptz,
    -- An endpoint gets an event once; what is sent again is the same delivery.
    CONSTRAINT webhook_deliveries_event_key UNIQUE (event_id, endpoint_id),
    CONSTRAINT webhook_deliveries_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL))
);

CREATE INDEX webhook_deliveries_endpoint_idx ON webhook_deliveries (endpoint_id, status);

-- +goose Down

DROP TABLE webhook_deliveries;
DROP TABLE webhook_events;
DROP TABLE webhook_endpoints;
