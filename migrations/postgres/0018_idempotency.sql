-- One table of idempotency keys, whether their requests become tasks or are answered at once.

ALTER TABLE idempotency_key ALTER COLUMN task_id DROP NOT NULL; -- null where the request becomes no task
ALTER TABLE idempotency_key ADD COLUMN status INTEGER; -- of the answer; null for tasks, and while the request is under way
ALTER TABLE idempotency_key ADD COLUMN headers JSONB;
ALTER TABLE idempotency_key ADD COLUMN body BYTEA; -- null where it held a secret

-- No call did both, so a key is in one of the tables. Should it be in both, its later use counts.
INSERT INTO idempotency_key (scope, key, fingerprint, status, headers, body, date_created)
SELECT scope, key, fingerprint, status, headers, body, date_created FROM idempotency_answer
ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, task_id = NULL,
    status = excluded.status, headers = excluded.headers, body = excluded.body, date_created = excluded.date_created
    WHERE excluded.date_created > idempotency_key.date_created;

DROP TABLE idempotency_answer;
DROP INDEX idempotency_key_by_task;
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id) WHERE task_id IS NOT NULL;
