-- Stories are listed in pages; each page starts after the last story of the previous one.

CREATE INDEX story_by_client_and_time ON story (client_id, date_updated, id);
DROP INDEX story_by_client;

-- Administrators see the number of tasks by status.
CREATE INDEX task_by_status ON task (status);
