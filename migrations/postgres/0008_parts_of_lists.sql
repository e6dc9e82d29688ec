-- Stories are read in parts, from where the part before ended.

CREATE INDEX story_by_client_and_time ON story (client_id, date_updated, id);
DROP INDEX story_by_client;

-- Admins see how many tasks stand how.
CREATE INDEX task_by_status ON task (status);
