-- Attachments of frames: videos and narrations. They may be added after the frame.

CREATE TABLE video (
    frame_id         BIGINT PRIMARY KEY REFERENCES story_frame (id) ON DELETE CASCADE,
    media_key        TEXT NOT NULL REFERENCES media_object (key),
    width            INTEGER NOT NULL, -- pixels
    height           INTEGER NOT NULL, -- pixels
    format           TEXT NOT NULL,    -- media type
    duration_seconds DOUBLE PRECISION NOT NULL,
    frame_rate       DOUBLE PRECISION NOT NULL,    -- frames per second
    date_created     TIMESTAMPTZ NOT NULL
);
CREATE INDEX video_by_media_key ON video (media_key);

CREATE TABLE audio_clip (
    frame_id         BIGINT PRIMARY KEY REFERENCES story_frame (id) ON DELETE CASCADE,
    media_key        TEXT NOT NULL REFERENCES media_object (key),
    format           TEXT NOT NULL,    -- media type
    duration_seconds DOUBLE PRECISION,             -- null if the length is unknown
    date_created     TIMESTAMPTZ NOT NULL
);
CREATE INDEX audio_clip_by_media_key ON audio_clip (media_key);
