-- Durable tasks, their events, and idempotency keys.

CREATE TABLE task (
    id             BLOB PRIMARY KEY NOT NULL, -- UUIDv7; tasks of one lane run in the order of their ids
    kind           TEXT NOT NULL,
    status         TEXT NOT NULL,
    lane           TEXT,                      -- tasks of one lane run one at a time; a task without a lane runs at any time
    client_id      TEXT,
    story_id       BLOB,
    payload        TEXT NOT NULL,             -- JSON
    step           TEXT,                      -- current step of a running task
    attempts       INTEGER NOT NULL,          -- number of claims
    failures       INTEGER NOT NULL,          -- number of claims that ended in a retry
    run_at         TEXT NOT NULL,             -- earliest time of the next claim
    lease_owner    BLOB,                      -- id of the claim that runs the task
    lease_until    TEXT,                      -- the claim expires at this time unless the worker renews it
    result         TEXT,                      -- JSON
    error          TEXT,                      -- problem details (RFC 9457), JSON
    date_created   TEXT NOT NULL,
    date_started   TEXT,
    date_completed TEXT
) STRICT;
CREATE INDEX task_waiting ON task (run_at, id) WHERE status = 'pending';
CREATE INDEX task_leased ON task (lease_until) WHERE status = 'running';
CREATE INDEX task_open_in_lane ON task (lane, id) WHERE status IN ('pending', 'running');
-- Enforces one running task per lane: of two workers that claim at the same instant, one fails.
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
    scope        TEXT NOT NULL, -- caller and operation
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL, -- SHA-256 of the request
    task_id      BLOB NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    date_created TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id);
CREATE INDEX idempotency_key_by_age ON idempotency_key (date_created);
