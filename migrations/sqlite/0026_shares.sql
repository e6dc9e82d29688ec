-- Shares: links that show a story, a list or a wall to everyone who has them, or open a camera for visitors; and the
-- visitors who agreed to one.

CREATE TABLE share (
    id            INTEGER PRIMARY KEY,
    sha256        BLOB NOT NULL UNIQUE, -- SHA-256 of the token in the link
    kind          TEXT NOT NULL,        -- story, list, wall or give
    client_id     TEXT,                 -- the client whose story, list, wall or flock it is about
    flock_id      TEXT,                 -- the flock of a wall or a camera that is for no single client
    story_id      BLOB REFERENCES story (id) ON DELETE CASCADE,
    list_id       INTEGER REFERENCES bookmark_list (id) ON DELETE CASCADE,
    is_private_ok INTEGER NOT NULL,     -- whether stories of private Sparrows are shown
    comment       TEXT NOT NULL,
    created_by    TEXT NOT NULL,
    opens         INTEGER NOT NULL,
    last_opened   TEXT,
    date_expires  TEXT NOT NULL,
    date_revoked  TEXT,
    date_created  TEXT NOT NULL
) STRICT;
CREATE INDEX share_by_client ON share (client_id, id);
CREATE INDEX share_by_story ON share (story_id, id);
CREATE INDEX share_by_list ON share (list_id);
CREATE INDEX share_by_age ON share (date_expires);

CREATE TABLE visitor (
    client_id    TEXT PRIMARY KEY NOT NULL, -- the visitor's own client
    share_id     INTEGER REFERENCES share (id) ON DELETE SET NULL,
    sha256       BLOB NOT NULL UNIQUE,      -- SHA-256 of the secret in the visitor's cookie
    date_created TEXT NOT NULL,             -- when the visitor agreed
    date_expires TEXT NOT NULL              -- when everything of the visitor is erased
) STRICT;
CREATE INDEX visitor_by_share ON visitor (share_id);
CREATE INDEX visitor_by_age ON visitor (date_expires);
