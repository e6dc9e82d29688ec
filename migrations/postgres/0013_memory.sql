-- Client memory: traits, session context and observations.

CREATE TABLE user_pattern (
    client_id    TEXT NOT NULL,
    type         TEXT NOT NULL,
    key          TEXT NOT NULL,
    value        JSONB NOT NULL,
    confidence   DOUBLE PRECISION NOT NULL, -- 0-1
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (client_id, type, key)
);

CREATE TABLE conversation_context (
    client_id    TEXT NOT NULL,
    session_id   TEXT NOT NULL, -- empty if the entry belongs to no session
    key          TEXT NOT NULL,
    value        JSONB NOT NULL,
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    date_expires TIMESTAMPTZ,          -- null if the entry never expires
    PRIMARY KEY (client_id, session_id, key)
);
CREATE INDEX conversation_context_by_age ON conversation_context (date_expires) WHERE date_expires IS NOT NULL;

CREATE TABLE user_insight (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id    TEXT NOT NULL,
    type         TEXT NOT NULL,
    data         JSONB NOT NULL,
    importance   DOUBLE PRECISION NOT NULL, -- 0-1
    date_created TIMESTAMPTZ NOT NULL
);
CREATE INDEX user_insight_by_importance ON user_insight (client_id, importance DESC, id DESC);
CREATE INDEX user_insight_by_type ON user_insight (client_id, type, importance DESC, id DESC);
