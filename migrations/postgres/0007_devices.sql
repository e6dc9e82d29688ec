-- What browsers and devices need beside frames: undo, pictures in other formats, news of a battery, answers kept.

ALTER TABLE story_frame ADD COLUMN illustration TEXT; -- the prompt that its picture was made from
ALTER TABLE story_frame ADD COLUMN state_before JSONB; -- the story's state before this frame, for undo

-- A picture packed for a device on demand, of which original.
ALTER TABLE image ADD COLUMN rendition_of UUID REFERENCES image (id);
CREATE INDEX image_by_original ON image (rendition_of);

CREATE INDEX task_by_client ON task (client_id, id);

CREATE TABLE telemetry (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id       TEXT NOT NULL,
    battery_mv      INTEGER, -- millivolts
    battery_percent DOUBLE PRECISION,
    rssi_dbm        INTEGER,
    free_heap_bytes BIGINT,
    firmware        TEXT,
    wake_reason     TEXT,
    extra           JSONB,
    date_created    TIMESTAMPTZ NOT NULL
);
CREATE INDEX telemetry_by_client ON telemetry (client_id, id);

-- What was answered to a request with an Idempotency-Key that became no task; without a status it is still under way.
CREATE TABLE idempotency_answer (
    scope        TEXT NOT NULL, -- who used it, and for which call
    key          TEXT NOT NULL,
    fingerprint  BYTEA NOT NULL, -- SHA-256 of the request
    status       INTEGER,
    headers      JSONB,
    body         BYTEA,
    date_created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_answer_by_age ON idempotency_answer (date_created);
