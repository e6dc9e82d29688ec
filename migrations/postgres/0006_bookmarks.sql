-- Bookmarks and bookmark lists.

CREATE TABLE story_frame_bookmark (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id    TEXT NOT NULL,
    story_id     UUID NOT NULL REFERENCES story (id) ON DELETE CASCADE,
    frame_id     BIGINT NOT NULL REFERENCES story_frame (id) ON DELETE CASCADE,
    frame_number INTEGER NOT NULL,
    comments     TEXT,
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    UNIQUE (client_id, story_id, frame_number)
);
CREATE INDEX story_frame_bookmark_by_client ON story_frame_bookmark (client_id, id);
CREATE INDEX story_frame_bookmark_by_story ON story_frame_bookmark (story_id);
CREATE INDEX story_frame_bookmark_by_frame ON story_frame_bookmark (frame_id);

CREATE TABLE bookmark_list (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id    TEXT NOT NULL, -- owner of the list
    name         TEXT COLLATE "C" NOT NULL, -- sorts by bytes, as SQLite does
    description  TEXT NOT NULL,
    is_public    BOOLEAN NOT NULL, -- whether other clients may read the list
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    UNIQUE (client_id, name)
);
CREATE INDEX bookmark_list_public ON bookmark_list (id) WHERE is_public;

CREATE TABLE story_bookmark (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list_id      BIGINT NOT NULL REFERENCES bookmark_list (id) ON DELETE CASCADE,
    client_id    TEXT NOT NULL, -- owner of the list; copied here so that one lookup finds whether a client has bookmarked a story
    story_id     UUID NOT NULL REFERENCES story (id) ON DELETE CASCADE,
    comments     TEXT,
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    UNIQUE (list_id, story_id)
);
CREATE INDEX story_bookmark_by_list ON story_bookmark (list_id, id);
CREATE INDEX story_bookmark_by_client ON story_bookmark (client_id, story_id);
CREATE INDEX story_bookmark_by_story ON story_bookmark (story_id);
