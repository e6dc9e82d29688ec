-- Branches: stories that begin with frames of another story.

-- No foreign key: on PostgreSQL, two stories of which one branches off the other could not be deleted at the same time.
ALTER TABLE story ADD COLUMN branched_from_id BLOB; -- the story that the first frames were copied from, which may be deleted
ALTER TABLE story ADD COLUMN branched_from_number INTEGER; -- number of the last frame that was copied

-- The client that a copied frame was told for first; empty once that client is erased; null for a frame that was told in
-- its own story. Copies are left out of search, which finds the frames that they were copied from.
ALTER TABLE story_frame ADD COLUMN told_for TEXT;
CREATE INDEX story_frame_told_for ON story_frame (told_for) WHERE told_for IS NOT NULL;
