-- Search: what each frame is about, its full text, and its vectors.

ALTER TABLE story_frame ADD COLUMN seen TEXT;     -- description of the photo
ALTER TABLE story_frame ADD COLUMN heard TEXT;    -- transcript of the sound and the text input
ALTER TABLE story_frame ADD COLUMN language TEXT; -- language of the text; null means English
ALTER TABLE story_frame ADD COLUMN date_indexed TIMESTAMPTZ; -- when the frame was added to the vector index; null if it is not there yet
CREATE INDEX story_frame_by_index ON story_frame (id) WHERE date_indexed IS NULL;

ALTER TABLE story_frame ADD COLUMN words TSVECTOR GENERATED ALWAYS AS (
    setweight(to_tsvector('english', COALESCE(text, '')), 'A')
    || setweight(to_tsvector('english', COALESCE(illustration, '')), 'C')
    || setweight(to_tsvector('english', COALESCE(seen, '') || ' ' || COALESCE(heard, '')), 'D')
) STORED;
CREATE INDEX story_frame_by_words ON story_frame USING GIN (words);

-- Misspelt words are found if the server has pg_trgm and permits the extension.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX story_frame_by_trigrams ON story_frame USING GIN (text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not there: misspelt words are not found';
END
$$;

-- The pieces of frames in the vector index.
CREATE TABLE frame_embedding (
    frame_id BIGINT NOT NULL REFERENCES story_frame (id) ON DELETE CASCADE,
    piece    INTEGER NOT NULL, -- counts from 0
    vector   BYTEA,            -- half-precision numbers, little-endian; null if the vector is stored in another service
    version  BIGINT NOT NULL,  -- increases with each change of the index, in commit order
    PRIMARY KEY (frame_id, piece)
);
CREATE INDEX frame_embedding_by_version ON frame_embedding (version, frame_id, piece);

-- The model of the stored vectors. Vectors of different models cannot be compared.
CREATE TABLE vector_index (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    place     TEXT,            -- local or pinecone/NAME; null before the first vector
    model     TEXT,            -- provider/name
    dimension INTEGER,
    version   BIGINT NOT NULL  -- version of the latest change
);
INSERT INTO vector_index (id, version) VALUES (1, 0);

-- Only the Sparrow itself and administrators find the stories of a private Sparrow.
ALTER TABLE sparrow_config ADD COLUMN is_private BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX sparrow_config_private ON sparrow_config (client_id) WHERE is_private;
