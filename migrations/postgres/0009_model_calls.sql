-- Calls of providers, their costs, and the budgets.

CREATE TABLE inference_call (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id     TEXT,
    story_id      UUID,                    -- remains when the story is deleted, because the cost remains
    capability    TEXT NOT NULL,           -- text, structured, image, vision or transcription
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,           -- the provider's name of the model
    outcome       TEXT NOT NULL,           -- done, or the name of the failure
    attempts      BIGINT NOT NULL,
    milliseconds  BIGINT NOT NULL,        -- total of all attempts and the waits between them
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    images        BIGINT NOT NULL,
    seconds       DOUBLE PRECISION NOT NULL,           -- length of audio or video
    micro_usd     BIGINT NOT NULL,        -- millionths of a US dollar
    date_created  TIMESTAMPTZ NOT NULL
);
CREATE INDEX inference_call_by_date ON inference_call (date_created);

-- Amounts spent and reserved on one day (UTC).
CREATE TABLE spend (
    scope     TEXT NOT NULL, -- the installation, a Flock or a Sparrow, by name
    day       TEXT NOT NULL, -- for example 2026-11-23
    micro_usd BIGINT NOT NULL,
    PRIMARY KEY (scope, day)
);

ALTER TABLE flock_config ADD COLUMN budget_per_day DOUBLE PRECISION;   -- US dollars; null means no limit
ALTER TABLE sparrow_config ADD COLUMN budget_per_day DOUBLE PRECISION; -- US dollars; null means no limit

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
