-- Undo, renditions of images in other formats, device telemetry, and stored responses.

ALTER TABLE story_frame ADD COLUMN illustration TEXT; -- prompt of the illustration
ALTER TABLE story_frame ADD COLUMN state_before JSONB; -- state of the story before this frame, for undo

-- Images that were encoded for a device on demand, with their originals.
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

-- Responses to requests that have an Idempotency-Key and create no task. A null status means that the request is still running.
CREATE TABLE idempotency_answer (
    scope        TEXT NOT NULL, -- caller and operation
    key          TEXT NOT NULL,
    fingerprint  BYTEA NOT NULL, -- SHA-256 of the request
    status       INTEGER,
    headers      JSONB,
    body         BYTEA,
    date_created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_answer_by_age ON idempotency_answer (date_created);
