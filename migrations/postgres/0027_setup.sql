-- The codes by which the first user is created. On PostgreSQL, each instance that finds no user prints one of its own,
-- and all running instances accept it.

CREATE TABLE setup_code (
    instance_id  UUID PRIMARY KEY NOT NULL,
    sha256       BYTEA NOT NULL, -- SHA-256 of the code
    date_created TIMESTAMPTZ NOT NULL
);
CREATE INDEX setup_code_by_age ON setup_code (date_created);
