-- Several instances with disks of their own: files that the bucket does not have yet, the instances that run, and
-- limits of attempts that hold across them.

-- The bytes of a file that other instances can read neither from a disk nor from the bucket: a small input, or a file
-- that could not be uploaded in time.
ALTER TABLE media_object ADD COLUMN content BLOB;
DROP INDEX media_object_unsynced;
CREATE INDEX media_object_unsynced ON media_object (date_created, key)
    WHERE date_synced IS NULL AND (kind <> 'input' OR size > 65536);

CREATE TABLE instance (
    id           BLOB PRIMARY KEY NOT NULL,
    date_started TEXT NOT NULL,
    date_seen    TEXT NOT NULL -- renewed every few seconds while the instance runs
) STRICT;
CREATE INDEX instance_by_age ON instance (date_seen);

CREATE TABLE attempt_limit (
    key     BLOB PRIMARY KEY NOT NULL, -- SHA-256 of the limit and of whom it counts
    arrival INTEGER NOT NULL           -- when the next attempt would be on time, in microseconds since 1970
) STRICT;
CREATE INDEX attempt_limit_by_age ON attempt_limit (arrival);
