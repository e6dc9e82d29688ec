-- Where a file is beside this machine's disk.

ALTER TABLE media_object ADD COLUMN location TEXT; -- in a bucket: gs://bucket/media/{uuid}.png; null while it is on a disk alone
ALTER TABLE media_object ADD COLUMN date_synced TEXT; -- since when
CREATE INDEX media_object_unsynced ON media_object (date_created, key) WHERE date_synced IS NULL AND kind <> 'input';
