-- Configurations of Sparrows, Flocks and client types, and the schedule positions of clients.

CREATE TABLE flock_config (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flock_id        TEXT NOT NULL UNIQUE,
    description     TEXT NOT NULL,
    parent_flock_id TEXT REFERENCES flock_config (flock_id),
    parameters      JSONB NOT NULL,
    keys            JSONB NOT NULL, -- provider API keys: secret
    schedule        JSONB,
    frames_per_day  INTEGER,       -- total for all members; null means no limit
    date_created    TIMESTAMPTZ NOT NULL,
    date_updated    TIMESTAMPTZ NOT NULL
);
CREATE INDEX flock_config_by_parent ON flock_config (parent_flock_id);

CREATE TABLE sparrow_config (
    id                  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id           TEXT NOT NULL UNIQUE,
    description         TEXT NOT NULL,
    parent_flock_id     TEXT REFERENCES flock_config (flock_id),
    follow_parent_story BOOLEAN NOT NULL,
    parameters          JSONB NOT NULL,
    keys                JSONB NOT NULL, -- provider API keys: secret
    schedule            JSONB,
    date_created        TIMESTAMPTZ NOT NULL,
    date_updated        TIMESTAMPTZ NOT NULL
);
CREATE INDEX sparrow_config_by_parent ON sparrow_config (parent_flock_id);

CREATE TABLE client_type_config (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_type  TEXT NOT NULL UNIQUE,
    description  TEXT NOT NULL,
    parameters   JSONB NOT NULL,
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL
);

-- Position of a client in the schedule of one configuration level. The level is `sparrow` or `flock NAME`.
CREATE TABLE schedule_state (
    client_id    TEXT NOT NULL,
    level        TEXT NOT NULL,
    state        JSONB NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (client_id, level)
);

-- The story that the members of a Flock share; one for each strategy.
CREATE TABLE flock_story (
    flock_id     TEXT NOT NULL,
    strategy     TEXT NOT NULL, -- slug
    story_id     UUID REFERENCES story (id) ON DELETE SET NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (flock_id, strategy)
);
CREATE INDEX flock_story_by_story ON flock_story (story_id);

-- Number of frames that the members of a Flock requested on one day (UTC).
CREATE TABLE flock_day (
    flock_id TEXT NOT NULL,
    day      TEXT NOT NULL, -- for example 2026-11-23
    frames   INTEGER NOT NULL,
    PRIMARY KEY (flock_id, day)
);

-- The members of this Flock may continue the story too.
ALTER TABLE story ADD COLUMN flock_id TEXT;

ALTER TABLE sparrow_state ADD COLUMN last_seen TIMESTAMPTZ;

-- Increases with each change of cached rows: configurations, tokens, users.
ALTER TABLE installation ADD COLUMN configuration_version BIGINT NOT NULL DEFAULT 0;

ALTER TABLE inference_model ADD COLUMN prices JSONB NOT NULL DEFAULT '{}';
ALTER TABLE strategy_config ADD COLUMN text_to_video_model_config TEXT REFERENCES model_config (slug) ON UPDATE CASCADE;
ALTER TABLE strategy_config ADD COLUMN seed_prompt_template TEXT REFERENCES prompt_template (slug) ON UPDATE CASCADE;
CREATE INDEX strategy_config_by_video_model ON strategy_config (text_to_video_model_config);
CREATE INDEX strategy_config_by_seed_prompt ON strategy_config (seed_prompt_template);
CREATE INDEX strategy_config_by_storyteller ON strategy_config (strategy_name);
