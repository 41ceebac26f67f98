-- What models cost: the sums that budgets are held to, for all replicas together. Money is in billionths of a US dollar, so
-- that what was reserved for a call and what comes back after it are exactly equal.

-- +goose Up

CREATE TABLE model_spend_days (
    day          date   PRIMARY KEY, -- UTC
    tokens       bigint NOT NULL,
    cost_nanousd bigint NOT NULL,
    CONSTRAINT model_spend_days_tokens_check CHECK (tokens >= 0),
    CONSTRAINT model_spend_days_cost_check CHECK (cost_nanousd >= 0)
);

-- Conversations without a trace (deskhand ask, eval suites) spend too, so this refers to no conversation. Rows that nothing
-- was charged to for a while are deleted when a day begins.
CREATE TABLE model_spend_conversations (
    conversation text   PRIMARY KEY,
    tokens       bigint NOT NULL,
    cost_nanousd bigint NOT NULL,
    last_day     date   NOT NULL,
    CONSTRAINT model_spend_conversations_conversation_check CHECK (length(conversation) BETWEEN 1 AND 200),
    CONSTRAINT model_spend_conversations_tokens_check CHECK (tokens >= 0),
    CONSTRAINT model_spend_conversations_cost_check CHECK (cost_nanousd >= 0)
);

CREATE INDEX model_spend_conversations_last_day_idx ON model_spend_conversations (last_day);

-- +goose Down

DROP TABLE model_spend_conversations;
DROP TABLE model_spend_days;
