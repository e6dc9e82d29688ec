-- Voice profiles and recordings, signing keys of URLs, and the state of retention.

ALTER TABLE media_object ADD COLUMN original_type TEXT; -- media type of the upload, if the file is stored as FLAC
ALTER TABLE media_object ADD COLUMN date_compared TEXT; -- when the bucket's copy was last verified

CREATE TABLE voice_profile (
    client_id    TEXT NOT NULL,
    profile_id   TEXT NOT NULL,
    metadata     TEXT NOT NULL, -- JSON
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    PRIMARY KEY (client_id, profile_id)
) STRICT;

CREATE TABLE voice_sample (
    media_key        TEXT PRIMARY KEY NOT NULL REFERENCES media_object (key),
    client_id        TEXT NOT NULL,
    profile_id       TEXT NOT NULL,
    place            INTEGER NOT NULL, -- counts from 0 in the order of upload
    file_name        TEXT,             -- file name in the upload
    content_type     TEXT NOT NULL,    -- media type of the upload
    size             INTEGER NOT NULL, -- bytes of the upload
    duration_seconds REAL,             -- null if the length is unknown
    UNIQUE (client_id, profile_id, place),
    FOREIGN KEY (client_id, profile_id) REFERENCES voice_profile (client_id, profile_id) ON DELETE CASCADE
) STRICT;

CREATE TABLE recording (
    client_id        TEXT NOT NULL,
    name             TEXT NOT NULL,
    media_key        TEXT NOT NULL UNIQUE REFERENCES media_object (key),
    file_name        TEXT,             -- file name in the upload
    content_type     TEXT NOT NULL,    -- media type of the upload
    size             INTEGER NOT NULL, -- bytes of the upload
    duration_seconds REAL,             -- null if the length is unknown
    date_created     TEXT NOT NULL,
    PRIMARY KEY (client_id, name)
) STRICT;

CREATE TABLE signing_key (
    id           INTEGER PRIMARY KEY,
    secret       BLOB NOT NULL,
    date_created TEXT NOT NULL
) STRICT;

CREATE INDEX signing_key_by_age ON signing_key (date_created);

CREATE INDEX media_object_input ON media_object (date_created) WHERE kind = 'input';
CREATE INDEX task_open_of_client ON task (client_id) WHERE status IN ('pending', 'running');

CREATE INDEX story_by_time ON story (date_updated, id);
CREATE INDEX event_by_age ON event (date_created);
CREATE INDEX task_ended ON task (date_completed) WHERE status IN ('completed', 'failed', 'cancelled');

ALTER TABLE installation ADD COLUMN bucket TEXT; -- the bucket that media_object.date_synced refers to
ALTER TABLE installation ADD COLUMN mark TEXT; -- content of the marker that this installation writes to its bucket, so that others recognise it
ALTER TABLE installation ADD COLUMN date_cleaned TEXT; -- when retention last ran
ALTER TABLE installation ADD COLUMN kept_until TEXT;   -- a backup is running; no file is removed before this time
