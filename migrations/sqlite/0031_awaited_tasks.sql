-- Finds the next frame to tell behind any number of tasks that nobody waits for.
CREATE INDEX task_waiting_awaited ON task (run_at, id)
    WHERE status = 'pending' AND kind IN ('tell_frame', 'illustrate_frame');
