-- Several instances with disks of their own: files that the bucket does not have yet, the instances that run, and
-- limits of attempts that hold across them.

-- The bytes of a file that other instances can read neither from a disk nor from the bucket: a small input, or a file
-- that could not be uploaded in time.
ALTER TABLE media_object ADD COLUMN content BYTEA;
DROP INDEX media_object_unsynced;
CREATE INDEX media_object_unsynced ON media_object (date_created, key)
    WHERE date_synced IS NULL AND (kind <> 'input' OR size > 65536);

CREATE TABLE instance (
    id           UUID PRIMARY KEY,
    date_started TIMESTAMPTZ NOT NULL,
    date_seen    TIMESTAMPTZ NOT NULL -- renewed every few seconds while the instance runs
);
CREATE INDEX instance_by_age ON instance (date_seen);

CREATE TABLE attempt_limit (
    key     BYTEA PRIMARY KEY, -- SHA-256 of the limit and of whom it counts
    arrival BIGINT NOT NULL    -- when the next attempt would be on time, in microseconds since 1970
);
CREATE INDEX attempt_limit_by_age ON attempt_limit (arrival);
