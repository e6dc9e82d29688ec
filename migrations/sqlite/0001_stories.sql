-- Stories, their frames and images, and the table of all stored files.

CREATE TABLE installation (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    date_created TEXT NOT NULL, -- when this database was created
    swept_until  TEXT NOT NULL  -- orphan detection has checked the files that changed before this time
) STRICT;

CREATE TABLE media_object (
    key          TEXT PRIMARY KEY NOT NULL, -- path below the storage root: media/{uuid}.png
    kind         TEXT NOT NULL,             -- frame, input or upload
    client_id    TEXT,
    size         INTEGER NOT NULL,          -- bytes
    content_type TEXT NOT NULL,
    sha256       BLOB NOT NULL,
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL
) STRICT;

CREATE TABLE image (
    id           BLOB PRIMARY KEY NOT NULL,
    media_key    TEXT NOT NULL REFERENCES media_object (key),
    width        INTEGER NOT NULL, -- pixels
    height       INTEGER NOT NULL, -- pixels
    format       TEXT NOT NULL,    -- media type
    date_created TEXT NOT NULL
) STRICT;
CREATE INDEX image_by_media_key ON image (media_key);

CREATE TABLE story (
    id           BLOB PRIMARY KEY NOT NULL,
    legacy_id    TEXT UNIQUE,            -- id of an imported story in the system that it comes from
    client_id    TEXT NOT NULL,          -- the Sparrow that the story belongs to
    strategy     TEXT NOT NULL,          -- slug that the client requested
    storyteller  TEXT NOT NULL,          -- storyteller of that slug when the story was created
    title        TEXT NOT NULL,          -- empty until the first frame has a text
    slug         TEXT UNIQUE,            -- null until the first frame has a text; never changes afterwards
    slug_base    TEXT,                   -- slug without its number
    slug_number  INTEGER,                -- 0 for the first story with this slug_base
    state        TEXT NOT NULL,          -- state of the storyteller, JSON
    frame_count  INTEGER NOT NULL,
    thumbnail_id BLOB REFERENCES image (id),
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL
) STRICT;
CREATE INDEX story_by_client ON story (client_id, date_updated);
CREATE INDEX story_by_slug_base ON story (slug_base, slug_number);
CREATE INDEX story_by_thumbnail ON story (thumbnail_id);

CREATE TABLE story_frame (
    id                   INTEGER PRIMARY KEY,
    story_id             BLOB NOT NULL REFERENCES story (id) ON DELETE CASCADE,
    number               INTEGER NOT NULL, -- counts from 0 without gaps
    text                 TEXT,
    image_id             BLOB REFERENCES image (id), -- original illustration
    device_image_id      BLOB REFERENCES image (id), -- illustration in the format that the device requested
    min_duration_seconds INTEGER NOT NULL,
    trigger_condition    TEXT,             -- JSON
    metadata             TEXT NOT NULL,    -- JSON
    date_created         TEXT NOT NULL,
    UNIQUE (story_id, number)
) STRICT;
CREATE INDEX story_frame_by_image ON story_frame (image_id);
CREATE INDEX story_frame_by_device_image ON story_frame (device_image_id);

CREATE TABLE sparrow_state (
    client_id        TEXT PRIMARY KEY NOT NULL,
    current_story_id BLOB REFERENCES story (id) ON DELETE SET NULL,
    date_created     TEXT NOT NULL,
    date_updated     TEXT NOT NULL
) STRICT;
CREATE INDEX sparrow_state_by_story ON sparrow_state (current_story_id);
