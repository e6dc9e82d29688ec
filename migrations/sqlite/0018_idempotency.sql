-- One table of idempotency keys, whether their requests become tasks or are answered at once.

-- SQLite cannot make a column nullable in place, so the table is written anew.
CREATE TABLE idempotency_key_of_both (
    scope        TEXT NOT NULL, -- who used it, and for which call
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL, -- SHA-256 of the request
    task_id      BLOB REFERENCES task (id) ON DELETE CASCADE, -- null where the request becomes no task
    status       INTEGER,       -- of the answer; null for tasks, and while the request is under way
    headers      TEXT,          -- JSON
    body         BLOB,          -- null where it held a secret
    date_created TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

INSERT INTO idempotency_key_of_both (scope, key, fingerprint, task_id, date_created)
SELECT scope, key, fingerprint, task_id, date_created FROM idempotency_key;

-- No call did both, so a key is in one of the tables. Should it be in both, its later use counts.
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
