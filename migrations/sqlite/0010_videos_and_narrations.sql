-- Attachments of frames: videos and narrations. They may be added after the frame.

CREATE TABLE video (
    frame_id         INTEGER PRIMARY KEY REFERENCES story_frame (id) ON DELETE CASCADE,
    media_key        TEXT NOT NULL REFERENCES media_object (key),
    width            INTEGER NOT NULL, -- pixels
    height           INTEGER NOT NULL, -- pixels
    format           TEXT NOT NULL,    -- media type
    duration_seconds REAL NOT NULL,
    frame_rate       REAL NOT NULL,    -- frames per second
    date_created     TEXT NOT NULL
) STRICT;
CREATE INDEX video_by_media_key ON video (media_key);

CREATE TABLE audio_clip (
    frame_id         INTEGER PRIMARY KEY REFERENCES story_frame (id) ON DELETE CASCADE,
    media_key        TEXT NOT NULL REFERENCES media_object (key),
    format           TEXT NOT NULL,    -- media type
    duration_seconds REAL,             -- null if the length is unknown
    date_created     TEXT NOT NULL
) STRICT;
CREATE INDEX audio_clip_by_media_key ON audio_clip (media_key);
