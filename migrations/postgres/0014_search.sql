-- Finding frames: what each was about, its full text, and its vectors.

ALTER TABLE story_frame ADD COLUMN seen TEXT;     -- what the camera saw, in words
ALTER TABLE story_frame ADD COLUMN heard TEXT;    -- what was heard and said
ALTER TABLE story_frame ADD COLUMN language TEXT; -- that it is told in; null for English
ALTER TABLE story_frame ADD COLUMN date_indexed TIMESTAMPTZ; -- when its vectors were made; null for not yet
CREATE INDEX story_frame_by_index ON story_frame (id) WHERE date_indexed IS NULL;

ALTER TABLE story_frame ADD COLUMN words TSVECTOR GENERATED ALWAYS AS (
    setweight(to_tsvector('english', COALESCE(text, '')), 'A')
    || setweight(to_tsvector('english', COALESCE(illustration, '')), 'C')
    || setweight(to_tsvector('english', COALESCE(seen, '') || ' ' || COALESCE(heard, '')), 'D')
) STORED;
CREATE INDEX story_frame_by_words ON story_frame USING GIN (words);

-- Words that are misspelt are found where the server has trigrams and lets us use them.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX story_frame_by_trigrams ON story_frame USING GIN (text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not there: misspelt words are not found';
END
$$;

-- A frame's pieces as they are in the vector index.
CREATE TABLE frame_embedding (
    frame_id BIGINT NOT NULL REFERENCES story_frame (id) ON DELETE CASCADE,
    piece    INTEGER NOT NULL, -- from 0
    vector   BYTEA,            -- numbers of half precision, little-endian; null where another service has it
    version  BIGINT NOT NULL,  -- grows with every change of the index, in the order in which these are saved
    PRIMARY KEY (frame_id, piece)
);
CREATE INDEX frame_embedding_by_version ON frame_embedding (version, frame_id, piece);

-- What the vectors were made with: those of two models have nothing to do with each other.
CREATE TABLE vector_index (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    place     TEXT,            -- local, or pinecone/NAME; null before the first vector
    model     TEXT,            -- provider/name
    dimension INTEGER,
    version   BIGINT NOT NULL  -- of the newest change
);
INSERT INTO vector_index (id, version) VALUES (1, 0);

-- Stories of a Sparrow that is private are found by itself and by admins alone.
ALTER TABLE sparrow_config ADD COLUMN is_private BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX sparrow_config_private ON sparrow_config (client_id) WHERE is_private;
