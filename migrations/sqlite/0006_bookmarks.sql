-- Bookmarks and bookmark lists.

CREATE TABLE story_frame_bookmark (
    id           INTEGER PRIMARY KEY,
    client_id    TEXT NOT NULL,
    story_id     BLOB NOT NULL REFERENCES story (id) ON DELETE CASCADE,
    frame_id     INTEGER NOT NULL REFERENCES story_frame (id) ON DELETE CASCADE,
    frame_number INTEGER NOT NULL,
    comments     TEXT,
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    UNIQUE (client_id, story_id, frame_number)
) STRICT;
CREATE INDEX story_frame_bookmark_by_client ON story_frame_bookmark (client_id, id);
CREATE INDEX story_frame_bookmark_by_story ON story_frame_bookmark (story_id);
CREATE INDEX story_frame_bookmark_by_frame ON story_frame_bookmark (frame_id);

CREATE TABLE bookmark_list (
    id           INTEGER PRIMARY KEY,
    client_id    TEXT NOT NULL, -- owner of the list
    name         TEXT NOT NULL,
    description  TEXT NOT NULL,
    is_public    INTEGER NOT NULL, -- whether other clients may read the list
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    UNIQUE (client_id, name)
) STRICT;
CREATE INDEX bookmark_list_public ON bookmark_list (id) WHERE is_public;

CREATE TABLE story_bookmark (
    id           INTEGER PRIMARY KEY,
    list_id      INTEGER NOT NULL REFERENCES bookmark_list (id) ON DELETE CASCADE,
    client_id    TEXT NOT NULL, -- owner of the list; copied here so that one lookup finds whether a client has bookmarked a story
    story_id     BLOB NOT NULL REFERENCES story (id) ON DELETE CASCADE,
    comments     TEXT,
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    UNIQUE (list_id, story_id)
) STRICT;
CREATE INDEX story_bookmark_by_list ON story_bookmark (list_id, id);
CREATE INDEX story_bookmark_by_client ON story_bookmark (client_id, story_id);
CREATE INDEX story_bookmark_by_story ON story_bookmark (story_id);
