-- What keeps one caller, one task or one stranger from stopping the others.

-- How many runs in a row ended without an outcome: a task that ends the process each time must fail in the end.
ALTER TABLE task ADD COLUMN lost_runs INTEGER NOT NULL DEFAULT 0;

-- One client must not occupy all workers, nor the whole queue.
CREATE INDEX task_running_of_client ON task (client_id) WHERE status = 'running';
CREATE INDEX task_waiting_of_client ON task (client_id) WHERE status = 'pending';

-- A client may have several codes at once: a stranger who knows its name must not end the code on its screen.
DROP INDEX pairing_open;
CREATE INDEX pairing_open ON pairing (client_id) WHERE date_collected IS NULL;
