-- Finding frames: what each was about, its full text, and its vectors.

ALTER TABLE story_frame ADD COLUMN seen TEXT;     -- what the camera saw, in words
ALTER TABLE story_frame ADD COLUMN heard TEXT;    -- what was heard and said
ALTER TABLE story_frame ADD COLUMN language TEXT; -- that it is told in; null for English
ALTER TABLE story_frame ADD COLUMN date_indexed TEXT; -- when its vectors were made; null for not yet
CREATE INDEX story_frame_by_index ON story_frame (id) WHERE date_indexed IS NULL;

-- The full text has no copy of its own: triggers keep it beside the frames, whoever changes these.
CREATE VIRTUAL TABLE frame_words USING fts5 (
    text, illustration, seen, heard,
    content = 'story_frame', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO frame_words (frame_words) VALUES ('rebuild');
CREATE VIRTUAL TABLE frame_vocabulary USING fts5vocab (frame_words, 'row');
CREATE TRIGGER frame_words_added AFTER INSERT ON story_frame BEGIN
    INSERT INTO frame_words (rowid, text, illustration, seen, heard)
    VALUES (new.id, new.text, new.illustration, new.seen, new.heard);
END;
CREATE TRIGGER frame_words_removed AFTER DELETE ON story_frame BEGIN
    INSERT INTO frame_words (frame_words, rowid, text, illustration, seen, heard)
    VALUES ('delete', old.id, old.text, old.illustration, old.seen, old.heard);
END;
CREATE TRIGGER frame_words_changed AFTER UPDATE OF text, illustration, seen, heard ON story_frame BEGIN
    INSERT INTO frame_words (frame_words, rowid, text, illustration, seen, heard)
    VALUES ('delete', old.id, old.text, old.illustration, old.seen, old.heard);
    INSERT INTO frame_words (rowid, text, illustration, seen, heard)
    VALUES (new.id, new.text, new.illustration, new.seen, new.heard);
END;

-- A frame's pieces as they are in the vector index.
CREATE TABLE frame_embedding (
    frame_id INTEGER NOT NULL REFERENCES story_frame (id) ON DELETE CASCADE,
    piece    INTEGER NOT NULL, -- from 0
    vector   BLOB,             -- numbers of half precision, little-endian; null where another service has it
    version  INTEGER NOT NULL, -- grows with every change of the index, in the order in which these are saved
    PRIMARY KEY (frame_id, piece)
) STRICT, WITHOUT ROWID;
CREATE INDEX frame_embedding_by_version ON frame_embedding (version, frame_id, piece);

-- What the vectors were made with: those of two models have nothing to do with each other.
CREATE TABLE vector_index (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    place     TEXT,             -- local, or pinecone/NAME; null before the first vector
    model     TEXT,             -- provider/name
    dimension INTEGER,
    version   INTEGER NOT NULL  -- of the newest change
) STRICT;
INSERT INTO vector_index (id, version) VALUES (1, 0);

-- Stories of a Sparrow that is private are found by itself and by admins alone.
ALTER TABLE sparrow_config ADD COLUMN is_private INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX sparrow_config_private ON sparrow_config (client_id) WHERE is_private;
