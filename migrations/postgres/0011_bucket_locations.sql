-- Locations of files in the bucket.

ALTER TABLE media_object ADD COLUMN location TEXT; -- for example gs://bucket/media/{uuid}.png; null until the file is in the bucket
ALTER TABLE media_object ADD COLUMN date_synced TIMESTAMPTZ; -- when the file was uploaded
CREATE INDEX media_object_unsynced ON media_object (date_created, key) WHERE date_synced IS NULL AND kind <> 'input';
