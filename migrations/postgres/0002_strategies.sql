-- Model configurations, prompt templates, and the strategies that combine them.

CREATE TABLE inference_model (
    id                   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug                 TEXT NOT NULL UNIQUE,
    description          TEXT NOT NULL,
    provider             TEXT NOT NULL,
    provider_api_variant TEXT NOT NULL,
    provider_model_name  TEXT NOT NULL,
    model_parameters     JSONB NOT NULL,
    date_created         TIMESTAMPTZ NOT NULL,
    date_updated         TIMESTAMPTZ NOT NULL
);

CREATE TABLE prompt_template (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug            TEXT NOT NULL UNIQUE,
    description     TEXT NOT NULL,
    text            TEXT NOT NULL, -- Jinja2 template
    target_language TEXT,
    date_created    TIMESTAMPTZ NOT NULL,
    date_updated    TIMESTAMPTZ NOT NULL
);

CREATE TABLE model_config (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug             TEXT NOT NULL UNIQUE,
    description      TEXT NOT NULL,
    model            TEXT NOT NULL REFERENCES inference_model (slug) ON UPDATE CASCADE,
    prompt_template  TEXT REFERENCES prompt_template (slug) ON UPDATE CASCADE,
    model_parameters JSONB NOT NULL,
    date_created     TIMESTAMPTZ NOT NULL,
    date_updated     TIMESTAMPTZ NOT NULL
);
CREATE INDEX model_config_by_model ON model_config (model);
CREATE INDEX model_config_by_prompt_template ON model_config (prompt_template);

CREATE TABLE strategy_config (
    id                         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug                       TEXT NOT NULL UNIQUE,
    strategy_name              TEXT NOT NULL,
    description                TEXT NOT NULL,
    is_default                 BOOLEAN NOT NULL,
    is_experimental            BOOLEAN NOT NULL,
    parameters                 JSONB NOT NULL,
    text_to_text_model_config  TEXT REFERENCES model_config (slug) ON UPDATE CASCADE,
    text_to_image_model_config TEXT REFERENCES model_config (slug) ON UPDATE CASCADE,
    date_created               TIMESTAMPTZ NOT NULL,
    date_updated               TIMESTAMPTZ NOT NULL
);
CREATE INDEX strategy_config_by_text_model ON strategy_config (text_to_text_model_config);
CREATE INDEX strategy_config_by_image_model ON strategy_config (text_to_image_model_config);
