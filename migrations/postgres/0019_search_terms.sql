-- The words of frames in one spelling, whatever the script. The service computes them, so that both databases find the same.

ALTER TABLE story_frame ADD COLUMN text_terms TEXT; -- null: not computed yet
ALTER TABLE story_frame ADD COLUMN illustration_terms TEXT;
ALTER TABLE story_frame ADD COLUMN seen_terms TEXT;
ALTER TABLE story_frame ADD COLUMN heard_terms TEXT;
CREATE INDEX story_frame_without_terms ON story_frame (id) WHERE text_terms IS NULL;

ALTER TABLE story_frame DROP COLUMN words;
ALTER TABLE story_frame ADD COLUMN words TSVECTOR GENERATED ALWAYS AS (
    setweight(to_tsvector('english', COALESCE(text_terms, '')), 'A')
    || setweight(to_tsvector('english', COALESCE(illustration_terms, '')), 'C')
    || setweight(to_tsvector('english', COALESCE(seen_terms, '') || ' ' || COALESCE(heard_terms, '')), 'D')
) STORED;
CREATE INDEX story_frame_by_words ON story_frame USING GIN (words);

-- Words that are misspelt are found where the server has trigrams and lets us use them.
DROP INDEX IF EXISTS story_frame_by_trigrams;
DO $$
BEGIN
    CREATE INDEX story_frame_by_trigrams ON story_frame USING GIN (text_terms gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not there: misspelt words are not found';
END
$$;
