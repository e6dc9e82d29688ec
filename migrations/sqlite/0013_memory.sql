-- Client memory: traits, session context and observations.

CREATE TABLE user_pattern (
    client_id    TEXT NOT NULL,
    type         TEXT NOT NULL,
    key          TEXT NOT NULL,
    value        TEXT NOT NULL, -- JSON
    confidence   REAL NOT NULL, -- 0-1
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    PRIMARY KEY (client_id, type, key)
) STRICT;

CREATE TABLE conversation_context (
    client_id    TEXT NOT NULL,
    session_id   TEXT NOT NULL, -- empty if the entry belongs to no session
    key          TEXT NOT NULL,
    value        TEXT NOT NULL, -- JSON
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    date_expires TEXT,          -- null if the entry never expires
    PRIMARY KEY (client_id, session_id, key)
) STRICT;
CREATE INDEX conversation_context_by_age ON conversation_context (date_expires) WHERE date_expires IS NOT NULL;

CREATE TABLE user_insight (
    id           INTEGER PRIMARY KEY,
    client_id    TEXT NOT NULL,
    type         TEXT NOT NULL,
    data         TEXT NOT NULL, -- JSON
    importance   REAL NOT NULL, -- 0-1
    date_created TEXT NOT NULL
) STRICT;
CREATE INDEX user_insight_by_importance ON user_insight (client_id, importance DESC, id DESC);
CREATE INDEX user_insight_by_type ON user_insight (client_id, type, importance DESC, id DESC);
