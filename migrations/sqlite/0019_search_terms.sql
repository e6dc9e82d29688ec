-- The words of frames in one spelling, whatever the script. The service computes them, so that both databases find the same.

ALTER TABLE story_frame ADD COLUMN text_terms TEXT; -- null: not computed yet
ALTER TABLE story_frame ADD COLUMN illustration_terms TEXT;
ALTER TABLE story_frame ADD COLUMN seen_terms TEXT;
ALTER TABLE story_frame ADD COLUMN heard_terms TEXT;
CREATE INDEX story_frame_without_terms ON story_frame (id) WHERE text_terms IS NULL;

DROP TRIGGER frame_words_added;
DROP TRIGGER frame_words_removed;
DROP TRIGGER frame_words_changed;
DROP TABLE frame_vocabulary;
DROP TABLE frame_words;
CREATE VIRTUAL TABLE frame_words USING fts5 (
    text_terms, illustration_terms, seen_terms, heard_terms,
    content = 'story_frame', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO frame_words (frame_words) VALUES ('rebuild');
CREATE VIRTUAL TABLE frame_vocabulary USING fts5vocab (frame_words, 'row');
CREATE TRIGGER frame_words_added AFTER INSERT ON story_frame BEGIN
    INSERT INTO frame_words (rowid, text_terms, illustration_terms, seen_terms, heard_terms)
    VALUES (new.id, new.text_terms, new.illustration_terms, new.seen_terms, new.heard_terms);
END;
CREATE TRIGGER frame_words_removed AFTER DELETE ON story_frame BEGIN
    INSERT INTO frame_words (frame_words, rowid, text_terms, illustration_terms, seen_terms, heard_terms)
    VALUES ('delete', old.id, old.text_terms, old.illustration_terms, old.seen_terms, old.heard_terms);
END;
CREATE TRIGGER frame_words_changed
AFTER UPDATE OF text_terms, illustration_terms, seen_terms, heard_terms ON story_frame BEGIN
    INSERT INTO frame_words (frame_words, rowid, text_terms, illustration_terms, seen_terms, heard_terms)
    VALUES ('delete', old.id, old.text_terms, old.illustration_terms, old.seen_terms, old.heard_terms);
    INSERT INTO frame_words (rowid, text_terms, illustration_terms, seen_terms, heard_terms)
    VALUES (new.id, new.text_terms, new.illustration_terms, new.seen_terms, new.heard_terms);
END;
