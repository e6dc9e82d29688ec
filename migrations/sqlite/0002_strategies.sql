-- Model configurations, prompt templates, and the strategies that combine them.

CREATE TABLE inference_model (
    id                   INTEGER PRIMARY KEY,
    slug                 TEXT NOT NULL UNIQUE,
    description          TEXT NOT NULL,
    provider             TEXT NOT NULL,
    provider_api_variant TEXT NOT NULL,
    provider_model_name  TEXT NOT NULL,
    model_parameters     TEXT NOT NULL, -- JSON
    date_created         TEXT NOT NULL,
    date_updated         TEXT NOT NULL
) STRICT;

CREATE TABLE prompt_template (
    id              INTEGER PRIMARY KEY,
    slug            TEXT NOT NULL UNIQUE,
    description     TEXT NOT NULL,
    text            TEXT NOT NULL, -- Jinja2 template
    target_language TEXT,
    date_created    TEXT NOT NULL,
    date_updated    TEXT NOT NULL
) STRICT;

CREATE TABLE model_config (
    id               INTEGER PRIMARY KEY,
    slug             TEXT NOT NULL UNIQUE,
    description      TEXT NOT NULL,
    model            TEXT NOT NULL REFERENCES inference_model (slug) ON UPDATE CASCADE,
    prompt_template  TEXT REFERENCES prompt_template (slug) ON UPDATE CASCADE,
    model_parameters TEXT NOT NULL, -- JSON
    date_created     TEXT NOT NULL,
    date_updated     TEXT NOT NULL
) STRICT;
CREATE INDEX model_config_by_model ON model_config (model);
CREATE INDEX model_config_by_prompt_template ON model_config (prompt_template);

CREATE TABLE strategy_config (
    id                         INTEGER PRIMARY KEY,
    slug                       TEXT NOT NULL UNIQUE,
    strategy_name              TEXT NOT NULL,
    description                TEXT NOT NULL,
    is_default                 INTEGER NOT NULL,
    is_experimental            INTEGER NOT NULL,
    parameters                 TEXT NOT NULL, -- JSON
    text_to_text_model_config  TEXT REFERENCES model_config (slug) ON UPDATE CASCADE,
    text_to_image_model_config TEXT REFERENCES model_config (slug) ON UPDATE CASCADE,
    date_created               TEXT NOT NULL,
    date_updated               TEXT NOT NULL
) STRICT;
CREATE INDEX strategy_config_by_text_model ON strategy_config (text_to_text_model_config);
CREATE INDEX strategy_config_by_image_model ON strategy_config (text_to_image_model_config);
