-- Users, sessions, tokens, device pairing, and the audit log.

CREATE TABLE admin_user (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    description   TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- argon2id, as a PHC string
    is_active     BOOLEAN NOT NULL,
    date_created  TIMESTAMPTZ NOT NULL,
    date_updated  TIMESTAMPTZ NOT NULL
);

CREATE TABLE session (
    sha256       BYTEA PRIMARY KEY NOT NULL, -- SHA-256 of the cookie's value
    user_id      BIGINT NOT NULL REFERENCES admin_user (id) ON DELETE CASCADE,
    date_created TIMESTAMPTZ NOT NULL,
    date_expires TIMESTAMPTZ NOT NULL
);
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_age ON session (date_expires);

CREATE TABLE api_token (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         TEXT NOT NULL,
    scope        TEXT NOT NULL,         -- device, client or admin
    client_id    TEXT,                  -- set for device tokens only
    sha256       BYTEA NOT NULL UNIQUE, -- SHA-256 of the token
    hint         TEXT NOT NULL,         -- last four characters of the token
    created_by   TEXT NOT NULL,         -- user who created the token, or `pairing`
    date_expires TIMESTAMPTZ,
    date_revoked TIMESTAMPTZ,
    last_used    TIMESTAMPTZ,
    date_created TIMESTAMPTZ NOT NULL,
    date_updated TIMESTAMPTZ NOT NULL,
    CHECK ((scope = 'device') = (client_id IS NOT NULL))
);
CREATE INDEX api_token_by_client ON api_token (client_id);

CREATE TABLE pairing (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code           TEXT NOT NULL UNIQUE,  -- code on the device's screen
    poll_sha256    BYTEA NOT NULL UNIQUE, -- SHA-256 of the token that the device polls with
    client_id      TEXT NOT NULL,
    model          TEXT,
    firmware       TEXT,
    address        TEXT NOT NULL,         -- IP address that requested the pairing
    date_created   TIMESTAMPTZ NOT NULL,
    date_expires   TIMESTAMPTZ NOT NULL,
    date_approved  TIMESTAMPTZ,
    approved_by    TEXT,
    date_collected TIMESTAMPTZ                   -- when the device collected its token, which is possible once
);
CREATE INDEX pairing_by_age ON pairing (date_expires);
CREATE UNIQUE INDEX pairing_open ON pairing (client_id) WHERE date_collected IS NULL; -- one open pairing per client

CREATE TABLE audit (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor        TEXT NOT NULL,
    action       TEXT NOT NULL, -- create, update, delete, …
    resource     TEXT NOT NULL, -- resource as in the path, for example flock-configs
    resource_id  TEXT NOT NULL,
    before_value JSONB,          -- JSON without secrets
    after_value  JSONB,          -- JSON without secrets
    request_id   TEXT,
    date_created TIMESTAMPTZ NOT NULL
);
CREATE INDEX audit_by_resource ON audit (resource, resource_id, id);
