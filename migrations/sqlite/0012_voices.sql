-- Voice profiles and recordings; what signs addresses; what retention goes by.

ALTER TABLE media_object ADD COLUMN original_type TEXT; -- the media type that the file came with, where it is kept as FLAC
ALTER TABLE media_object ADD COLUMN date_compared TEXT; -- when what the bucket has was last read and found to be the same

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
    place            INTEGER NOT NULL, -- from 0, in the order in which they were sent
    file_name        TEXT,             -- as its sender calls it
    content_type     TEXT NOT NULL,    -- as it came
    size             INTEGER NOT NULL, -- bytes, as it came
    duration_seconds REAL,             -- null where it cannot be told
    UNIQUE (client_id, profile_id, place),
    FOREIGN KEY (client_id, profile_id) REFERENCES voice_profile (client_id, profile_id) ON DELETE CASCADE
) STRICT;

CREATE TABLE recording (
    client_id        TEXT NOT NULL,
    name             TEXT NOT NULL,
    media_key        TEXT NOT NULL UNIQUE REFERENCES media_object (key),
    file_name        TEXT,             -- as its sender calls it
    content_type     TEXT NOT NULL,    -- as it came
    size             INTEGER NOT NULL, -- bytes, as it came
    duration_seconds REAL,             -- null where it cannot be told
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

ALTER TABLE installation ADD COLUMN bucket TEXT; -- the bucket that media_object.date_synced speaks of
ALTER TABLE installation ADD COLUMN mark TEXT; -- what this installation leaves in its bucket, so that others know of it
ALTER TABLE installation ADD COLUMN date_cleaned TEXT; -- when retention last had its turn
ALTER TABLE installation ADD COLUMN kept_until TEXT;   -- a backup is being made: until then no file is removed
