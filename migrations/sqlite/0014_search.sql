-- Search: what each frame is about, its full text, and its vectors.

ALTER TABLE story_frame ADD COLUMN seen TEXT;     -- description of the photo
ALTER TABLE story_frame ADD COLUMN heard TEXT;    -- transcript of the sound and the text input
ALTER TABLE story_frame ADD COLUMN language TEXT; -- language of the text; null means English
ALTER TABLE story_frame ADD COLUMN date_indexed TEXT; -- when the frame was added to the vector index; null if it is not there yet
CREATE INDEX story_frame_by_index ON story_frame (id) WHERE date_indexed IS NULL;

-- The full-text index stores no copy of the text. Triggers update it with each change of a frame.
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

-- The pieces of frames in the vector index.
CREATE TABLE frame_embedding (
    frame_id INTEGER NOT NULL REFERENCES story_frame (id) ON DELETE CASCADE,
    piece    INTEGER NOT NULL, -- counts from 0
    vector   BLOB,             -- half-precision numbers, little-endian; null if the vector is stored in another service
    version  INTEGER NOT NULL, -- increases with each change of the index, in commit order
    PRIMARY KEY (frame_id, piece)
) STRICT, WITHOUT ROWID;
CREATE INDEX frame_embedding_by_version ON frame_embedding (version, frame_id, piece);

-- The model of the stored vectors. Vectors of different models cannot be compared.
CREATE TABLE vector_index (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    place     TEXT,             -- local or pinecone/NAME; null before the first vector
    model     TEXT,             -- provider/name
    dimension INTEGER,
    version   INTEGER NOT NULL  -- version of the latest change
) STRICT;
INSERT INTO vector_index (id, version) VALUES (1, 0);

-- Only the Sparrow itself and administrators find the stories of a private Sparrow.
ALTER TABLE sparrow_config ADD COLUMN is_private INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX sparrow_config_private ON sparrow_config (client_id) WHERE is_private;
