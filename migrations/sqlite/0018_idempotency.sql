-- One table of idempotency keys for all requests, whether they create a task or not.

-- SQLite cannot make a column nullable in place, so the table is rebuilt.
CREATE TABLE idempotency_key_of_both (
    scope        TEXT NOT NULL, -- caller and operation
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL, -- SHA-256 of the request
    task_id      BLOB REFERENCES task (id) ON DELETE CASCADE, -- null if the request creates no task
    status       INTEGER,       -- status of the response; null for tasks, and while the request runs
    headers      TEXT,          -- JSON
    body         BLOB,          -- null if the body contains a secret
    date_created TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

INSERT INTO idempotency_key_of_both (scope, key, fingerprint, task_id, date_created)
SELECT scope, key, fingerprint, task_id, date_created FROM idempotency_key;

-- A key should be in only one of the tables. If it is in both, the later use wins.
INSERT INTO idempotency_key_of_both (scope, key, fingerprint, status, headers, body, date_created)
SELECT scope, key, fingerprint, status, headers, body, date_created FROM idempotency_answer WHERE TRUE
ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, task_id = NULL,
    status = excluded.status, headers = excluded.headers, body = excluded.body, date_created = excluded.date_created
    WHERE excluded.date_created > idempotency_key_of_both.date_created;

DROP TABLE idempotency_answer;
DROP TABLE idempotency_key;
ALTER TABLE idempotency_key_of_both RENAME TO idempotency_key;
CREATE INDEX idempotency_key_by_task ON idempotency_key (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX idempotency_key_by_age ON idempotency_key (date_created);
