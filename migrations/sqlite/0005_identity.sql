-- Users, sessions, tokens, device pairing, and the audit log.

CREATE TABLE admin_user (
    id            INTEGER PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    description   TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- argon2id, as a PHC string
    is_active     INTEGER NOT NULL,
    date_created  TEXT NOT NULL,
    date_updated  TEXT NOT NULL
) STRICT;

CREATE TABLE session (
    sha256       BLOB PRIMARY KEY NOT NULL, -- SHA-256 of the cookie's value
    user_id      INTEGER NOT NULL REFERENCES admin_user (id) ON DELETE CASCADE,
    date_created TEXT NOT NULL,
    date_expires TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_age ON session (date_expires);

CREATE TABLE api_token (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    scope        TEXT NOT NULL,         -- device, client or admin
    client_id    TEXT,                  -- set for device tokens only
    sha256       BLOB NOT NULL UNIQUE, -- SHA-256 of the token
    hint         TEXT NOT NULL,         -- last four characters of the token
    created_by   TEXT NOT NULL,         -- user who created the token, or `pairing`
    date_expires TEXT,
    date_revoked TEXT,
    last_used    TEXT,
    date_created TEXT NOT NULL,
    date_updated TEXT NOT NULL,
    CHECK ((scope = 'device') = (client_id IS NOT NULL))
) STRICT;
CREATE INDEX api_token_by_client ON api_token (client_id);

CREATE TABLE pairing (
    id             INTEGER PRIMARY KEY,
    code           TEXT NOT NULL UNIQUE,  -- code on the device's screen
    poll_sha256    BLOB NOT NULL UNIQUE, -- SHA-256 of the token that the device polls with
    client_id      TEXT NOT NULL,
    model          TEXT,
    firmware       TEXT,
    address        TEXT NOT NULL,         -- IP address that requested the pairing
    date_created   TEXT NOT NULL,
    date_expires   TEXT NOT NULL,
    date_approved  TEXT,
    approved_by    TEXT,
    date_collected TEXT                   -- when the device collected its token, which is possible once
) STRICT;
CREATE INDEX pairing_by_age ON pairing (date_expires);
CREATE UNIQUE INDEX pairing_open ON pairing (client_id) WHERE date_collected IS NULL; -- one open pairing per client

CREATE TABLE audit (
    id           INTEGER PRIMARY KEY,
    actor        TEXT NOT NULL,
    action       TEXT NOT NULL, -- create, update, delete, …
    resource     TEXT NOT NULL, -- resource as in the path, for example flock-configs
    resource_id  TEXT NOT NULL,
    before_value TEXT,          -- JSON without secrets
    after_value  TEXT,          -- JSON without secrets
    request_id   TEXT,
    date_created TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_resource ON audit (resource, resource_id, id);
