-- One table of idempotency keys for all requests, whether they create a task or not.

ALTER TABLE idempotency_key ALTER COLUMN task_id DROP NOT NULL; -- null if the request creates no task
ALTER TABLE idempotency_key ADD COLUMN status INTEGER; -- status of the response; null for tasks, and while the request runs
ALTER TABLE idempotency_key ADD COLUMN headers JSONB;
ALTER TABLE idempotency_key ADD COLUMN body BYTEA; -- null if the body contains a secret

-- A key should be in only one of the tables. If it is in both, the later use wins.
INSERT INTO idempotency_key (scope, key, fingerprint, status, headers, body, date_created)
SELECT scope, key, fingerprint, status, headers, body, date_created FROM idempotency_answer
ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, task_id = NULL,
    status = excluded.status, headers = excluded.headers, body = excluded.body, date_created = excluded.date_created
    WHERE excluded.date_created > idempotency_key.date_created;

DROP TABLE idempotency_answer;
DROP INDEX idempotency_key_by_task;
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id) WHERE task_id IS NOT NULL;
