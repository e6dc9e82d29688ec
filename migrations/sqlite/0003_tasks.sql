-- Durable work, what is told of it, and the keys that make a repeated request one.

CREATE TABLE task (
    id             BLOB PRIMARY KEY NOT NULL, -- UUIDv7: tasks of one lane run in the order of their ids
    kind           TEXT NOT NULL,
    status         TEXT NOT NULL,
    lane           TEXT,                      -- tasks of one lane run one at a time; null runs beside all
    client_id      TEXT,
    story_id       BLOB,
    payload        TEXT NOT NULL,             -- JSON
    step           TEXT,                      -- where a running task is
    attempts       INTEGER NOT NULL,          -- how often it was claimed
    failures       INTEGER NOT NULL,          -- how often a claim ended in an explicit retry
    run_at         TEXT NOT NULL,             -- not before this time
    lease_owner    BLOB,                      -- the claim that runs it
    lease_until    TEXT,                      -- a worker that is silent until then has lost it
    result         TEXT,                      -- JSON
    error          TEXT,                      -- JSON: a problem, as RFC 9457 has it
    date_created   TEXT NOT NULL,
    date_started   TEXT,
    date_completed TEXT
) STRICT;
CREATE INDEX task_waiting ON task (run_at, id) WHERE status = 'pending';
CREATE INDEX task_leased ON task (lease_until) WHERE status = 'running';
CREATE INDEX task_open_in_lane ON task (lane, id) WHERE status IN ('pending', 'running');
-- The rule itself: two workers that claim from one lane at the same instant cannot both succeed.
CREATE UNIQUE INDEX task_one_running_in_lane ON task (lane) WHERE status = 'running';
CREATE INDEX task_by_story ON task (story_id, id);

CREATE TABLE event (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,
    client_id    TEXT,
    story_id     BLOB,
    payload      TEXT NOT NULL, -- JSON
    date_created TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_story ON event (story_id, id);
CREATE INDEX event_by_client ON event (client_id, id);

CREATE TABLE idempotency_key (
    scope        TEXT NOT NULL, -- who used it, and for which call
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL, -- SHA-256 of the request
    task_id      BLOB NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    date_created TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id);
CREATE INDEX idempotency_key_by_age ON idempotency_key (date_created);
