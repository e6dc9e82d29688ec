-- How the pictures for devices were dithered. Until now a frame's metadata alone said so.

-- The dithering that a device asked for, even if the format has no use for it: none or floyd-steinberg. Null for
-- originals and thumbnails, and for renditions from before this column.
ALTER TABLE image ADD COLUMN dither TEXT;

UPDATE image SET dither = CASE f.metadata #>> '{parameters,output_image_dither}'
    WHEN 'floyd-steinberg' THEN 'floyd-steinberg' ELSE 'none' END
FROM story_frame f WHERE f.device_image_id = image.id AND f.device_image_id IS DISTINCT FROM f.image_id;
