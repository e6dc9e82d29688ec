-- Calls of providers, their costs, and the budgets.

CREATE TABLE inference_call (
    id            INTEGER PRIMARY KEY,
    client_id     TEXT,
    story_id      BLOB,                    -- remains when the story is deleted, because the cost remains
    capability    TEXT NOT NULL,           -- text, structured, image, vision or transcription
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,           -- the provider's name of the model
    outcome       TEXT NOT NULL,           -- done, or the name of the failure
    attempts      INTEGER NOT NULL,
    milliseconds  INTEGER NOT NULL,        -- total of all attempts and the waits between them
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    images        INTEGER NOT NULL,
    seconds       REAL NOT NULL,           -- length of audio or video
    micro_usd     INTEGER NOT NULL,        -- millionths of a US dollar
    date_created  TEXT NOT NULL
) STRICT;
CREATE INDEX inference_call_by_date ON inference_call (date_created);

-- Amounts spent and reserved on one day (UTC).
CREATE TABLE spend (
    scope     TEXT NOT NULL, -- the installation, a Flock or a Sparrow, by name
    day       TEXT NOT NULL, -- for example 2026-11-23
    micro_usd INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT;

ALTER TABLE flock_config ADD COLUMN budget_per_day REAL;   -- US dollars; null means no limit
ALTER TABLE sparrow_config ADD COLUMN budget_per_day REAL; -- US dollars; null means no limit

CREATE INDEX inference_model_by_name ON inference_model (provider, provider_model_name);

-- Replaces seeds that name the offline provider by seeds that use the best available model. Keeps rows that a user
-- has changed.
DELETE FROM strategy_config WHERE date_created = date_updated
    AND (text_to_text_model_config LIKE 'offline-%' OR text_to_image_model_config LIKE 'offline-%');
DELETE FROM model_config WHERE date_created = date_updated AND model IN ('offline-text', 'offline-image')
    AND NOT EXISTS (SELECT 1 FROM strategy_config s WHERE s.text_to_text_model_config = model_config.slug
        OR s.text_to_image_model_config = model_config.slug OR s.text_to_video_model_config = model_config.slug);
DELETE FROM prompt_template WHERE date_created = date_updated AND slug IN ('fern', 'simple-one-frame')
    AND NOT EXISTS (SELECT 1 FROM model_config m WHERE m.prompt_template = prompt_template.slug)
    AND NOT EXISTS (SELECT 1 FROM strategy_config s WHERE s.seed_prompt_template = prompt_template.slug);
