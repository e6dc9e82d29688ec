-- Where pictures come from. Null for pictures that are older than these columns.

ALTER TABLE image ADD COLUMN digital_source_type TEXT; -- address of the IPTC's term for how the picture came into being
ALTER TABLE image ADD COLUMN creator_tool TEXT;        -- name and version of the program that made the file
ALTER TABLE image ADD COLUMN model TEXT;               -- the provider's name of the model; null if no model made it
