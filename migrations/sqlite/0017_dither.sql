-- Dithering of images for devices. Before this migration only the metadata of a frame recorded it.

-- Dithering that the device requested, even if the format does not use it: none or floyd-steinberg. Null for
-- originals and thumbnails, and for renditions that are older than this column.
ALTER TABLE image ADD COLUMN dither TEXT;

UPDATE image SET dither = CASE json_extract(f.metadata, '$.parameters.output_image_dither')
    WHEN 'floyd-steinberg' THEN 'floyd-steinberg' ELSE 'none' END
FROM story_frame f WHERE f.device_image_id = image.id AND f.device_image_id IS DISTINCT FROM f.image_id;
