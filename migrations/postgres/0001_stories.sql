-- Stories, their frames, the pictures of these, and every file that is kept.

CREATE TABLE installation (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    date_created TIMESTAMPTZ NOT NULL, -- since when this database is used
    swept_until  TIMESTAMPTZ NOT NULL  -- files changed until then were looked at by a sweep
);

CREATE TABLE media_object (
    key          TEXT PRIMARY KEY NOT NULL, -- the path below the root of a store: media/{uuid}.png
    kind         TEXT NOT NULL,             -- frame, input or upload
    client_id    TEXT,
    size         BIGINT NOT NULL,          -- bytes
    content_type TEXT NOT NULL,
    sha256       BYTEA NOT NULL,
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL
);

CREATE TABLE image (
    id           UUID PRIMARY KEY NOT NULL,
    media_key    TEXT NOT NULL REFERENCES media_object (key),
    width        INTEGER NOT NULL, -- pixels
    height       INTEGER NOT NULL, -- pixels
    format       TEXT NOT NULL,    -- a media type
    date_created TIMESTAMPTZ NOT NULL
);
CREATE INDEX image_by_media_key ON image (media_key);

CREATE TABLE story (
    id           UUID PRIMARY KEY NOT NULL,
    legacy_id    TEXT UNIQUE,            -- the id that an imported story had
    client_id    TEXT NOT NULL,          -- the Sparrow that it was made for
    strategy     TEXT NOT NULL,          -- the slug that was asked for
    storyteller  TEXT NOT NULL,          -- the name behind that slug when the story was begun
    title        TEXT NOT NULL,          -- empty until the first text
    slug         TEXT UNIQUE,            -- null until the first text, then never changed
    slug_base    TEXT,                   -- the slug without its number
    slug_number  INTEGER,                -- 0 for the first story of that slug_base
    state        JSONB NOT NULL,          -- the storyteller's
    frame_count  INTEGER NOT NULL,
    thumbnail_id UUID REFERENCES image (id),
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL
);
CREATE INDEX story_by_client ON story (client_id, date_updated);
CREATE INDEX story_by_slug_base ON story (slug_base, slug_number);
CREATE INDEX story_by_thumbnail ON story (thumbnail_id);

CREATE TABLE story_frame (
    id                   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    story_id             UUID NOT NULL REFERENCES story (id) ON DELETE CASCADE,
    number               INTEGER NOT NULL, -- from 0, without gaps
    text                 TEXT,
    image_id             UUID REFERENCES image (id), -- the original illustration
    device_image_id      UUID REFERENCES image (id), -- the same, packed as the device asked
    min_duration_seconds INTEGER NOT NULL,
    trigger_condition    JSONB,
    metadata             JSONB NOT NULL,
    date_created         TIMESTAMPTZ NOT NULL,
    UNIQUE (story_id, number)
);
CREATE INDEX story_frame_by_image ON story_frame (image_id);
CREATE INDEX story_frame_by_device_image ON story_frame (device_image_id);

CREATE TABLE sparrow_state (
    client_id        TEXT PRIMARY KEY NOT NULL,
    current_story_id UUID REFERENCES story (id) ON DELETE SET NULL,
    date_created     TIMESTAMPTZ NOT NULL,
    date_updated     TIMESTAMPTZ NOT NULL
);
CREATE INDEX sparrow_state_by_story ON sparrow_state (current_story_id);
