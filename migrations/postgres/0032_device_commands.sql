-- Commands that admins send to devices.

-- A blackout holds as long as its row exists: a resume replaces it.
CREATE TABLE device_command (
    id           UUID PRIMARY KEY NOT NULL,
    client_id    TEXT,          -- the Sparrow; null for a command to a flock
    flock_id     TEXT,          -- the flock; `default` needs no configuration
    command      TEXT NOT NULL, -- next, identify, blackout or resume
    date_created TIMESTAMPTZ NOT NULL,
    date_expires TIMESTAMPTZ NOT NULL, -- from when on devices do not get it any more
    CHECK ((client_id IS NULL) <> (flock_id IS NULL))
);
CREATE INDEX device_command_by_client ON device_command (client_id);
CREATE INDEX device_command_by_flock ON device_command (flock_id);
CREATE INDEX device_command_by_expiry ON device_command (date_expires);

-- Which Sparrow got which command. No foreign key: a command may be replaced while a Sparrow gets it.
CREATE TABLE command_delivery (
    client_id    TEXT NOT NULL,
    command_id   UUID NOT NULL,
    date_created TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (client_id, command_id)
);
CREATE INDEX command_delivery_by_age ON command_delivery (date_created);
