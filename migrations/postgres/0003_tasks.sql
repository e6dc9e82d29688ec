-- Durable tasks, their events, and idempotency keys.

CREATE TABLE task (
    id             UUID PRIMARY KEY NOT NULL, -- UUIDv7; tasks of one lane run in the order of their ids
    kind           TEXT NOT NULL,
    status         TEXT NOT NULL,
    lane           TEXT,                      -- tasks of one lane run one at a time; a task without a lane runs at any time
    client_id      TEXT,
    story_id       UUID,
    payload        JSONB NOT NULL,
    step           TEXT,                      -- current step of a running task
    attempts       INTEGER NOT NULL,          -- number of claims
    failures       INTEGER NOT NULL,          -- number of claims that ended in a retry
    run_at         TIMESTAMPTZ NOT NULL,             -- earliest time of the next claim
    lease_owner    UUID,                      -- id of the claim that runs the task
    lease_until    TIMESTAMPTZ,                      -- the claim expires at this time unless the worker renews it
    result         JSONB,
    error          JSONB,                      -- problem details (RFC 9457), JSON
    date_created   TIMESTAMPTZ NOT NULL,
    date_started   TIMESTAMPTZ,
    date_completed TIMESTAMPTZ
);
CREATE INDEX task_waiting ON task (run_at, id) WHERE status = 'pending';
CREATE INDEX task_leased ON task (lease_until) WHERE status = 'running';
CREATE INDEX task_open_in_lane ON task (lane, id) WHERE status IN ('pending', 'running');
-- Enforces one running task per lane: of two workers that claim at the same instant, one fails.
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
    scope        TEXT NOT NULL, -- caller and operation
    key          TEXT NOT NULL,
    fingerprint  BYTEA NOT NULL, -- SHA-256 of the request
    task_id      UUID NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    date_created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id);
CREATE INDEX idempotency_key_by_age ON idempotency_key (date_created);
