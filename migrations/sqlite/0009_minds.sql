-- What calls of providers were made, what they cost, and how much they may.

CREATE TABLE inference_call (
    id            INTEGER PRIMARY KEY,
    client_id     TEXT,
    story_id      BLOB,                    -- stays when the story is gone: it was paid for
    capability    TEXT NOT NULL,           -- text, structured, image, vision, transcription
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,           -- its name at the provider
    outcome       TEXT NOT NULL,           -- done, or a failure's name
    attempts      INTEGER NOT NULL,
    milliseconds  INTEGER NOT NULL,        -- all attempts and the waits between them
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    images        INTEGER NOT NULL,
    seconds       REAL NOT NULL,           -- of sound or film
    micro_usd     INTEGER NOT NULL,        -- millionths of a US dollar
    date_created  TEXT NOT NULL
) STRICT;
CREATE INDEX inference_call_by_date ON inference_call (date_created);

-- What was spent and set aside on one day (UTC).
CREATE TABLE spend (
    scope     TEXT NOT NULL, -- the installation, the flock NAME, the Sparrow NAME
    day       TEXT NOT NULL, -- 2026-11-23
    micro_usd INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT;

ALTER TABLE flock_config ADD COLUMN budget_per_day REAL;   -- US dollars; null for no limit
ALTER TABLE sparrow_config ADD COLUMN budget_per_day REAL; -- US dollars; null for no limit

CREATE INDEX inference_model_by_name ON inference_model (provider, provider_model_name);

-- Seeds that named the offline provider give way to seeds that take the best model there is. What anyone has changed
-- stays.
DELETE FROM strategy_config WHERE date_created = date_updated
    AND (text_to_text_model_config LIKE 'offline-%' OR text_to_image_model_config LIKE 'offline-%');
DELETE FROM model_config WHERE date_created = date_updated AND model IN ('offline-text', 'offline-image')
    AND NOT EXISTS (SELECT 1 FROM strategy_config s WHERE s.text_to_text_model_config = model_config.slug
        OR s.text_to_image_model_config = model_config.slug OR s.text_to_video_model_config = model_config.slug);
DELETE FROM prompt_template WHERE date_created = date_updated AND slug IN ('fern', 'simple-one-frame')
    AND NOT EXISTS (SELECT 1 FROM model_config m WHERE m.prompt_template = prompt_template.slug)
    AND NOT EXISTS (SELECT 1 FROM strategy_config s WHERE s.seed_prompt_template = prompt_template.slug);
