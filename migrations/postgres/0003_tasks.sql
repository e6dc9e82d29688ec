-- Durable work, what is told of it, and the keys that make a repeated request one.

CREATE TABLE task (
    id             UUID PRIMARY KEY NOT NULL, -- UUIDv7: tasks of one lane run in the order of their ids
    kind           TEXT NOT NULL,
    status         TEXT NOT NULL,
    lane           TEXT,                      -- tasks of one lane run one at a time; null runs beside all
    client_id      TEXT,
    story_id       UUID,
    payload        JSONB NOT NULL,
    step           TEXT,                      -- where a running task is
    attempts       INTEGER NOT NULL,          -- how often it was claimed
    failures       INTEGER NOT NULL,          -- how often a claim ended in an explicit retry
    run_at         TIMESTAMPTZ NOT NULL,             -- not before this time
    lease_owner    UUID,                      -- the claim that runs it
    lease_until    TIMESTAMPTZ,                      -- a worker that is silent until then has lost it
    result         JSONB,
    error          JSONB,                      -- JSON: a problem, as RFC 9457 has it
    date_created   TIMESTAMPTZ NOT NULL,
    date_started   TIMESTAMPTZ,
    date_completed TIMESTAMPTZ
);
CREATE INDEX task_waiting ON task (run_at, id) WHERE status = 'pending';
CREATE INDEX task_leased ON task (lease_until) WHERE status = 'running';
CREATE INDEX task_open_in_lane ON task (lane, id) WHERE status IN ('pending', 'running');
-- The rule itself: two workers that claim from one lane at the same instant cannot both succeed.
CREATE UNIQUE INDEX task_one_running_in_lane ON task (lane) WHERE status = 'running';
CREATE INDEX task_by_story ON task (story_id, id);

CREATE TABLE event (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         TEXT NOT NULL,
    client_id    TEXT,
    story_id     UUID,
    payload      JSONB NOT NULL,
    date_created TIMESTAMPTZ NOT NULL
);
CREATE INDEX event_by_story ON event (story_id, id);
CREATE INDEX event_by_client ON event (client_id, id);

CREATE TABLE idempotency_key (
    scope        TEXT NOT NULL, -- who used it, and for which call
    key          TEXT NOT NULL,
    fingerprint  BYTEA NOT NULL, -- SHA-256 of the request
    task_id      UUID NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    date_created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id);
CREATE INDEX idempotency_key_by_age ON idempotency_key (date_created);
