-- Learning about clients, and opting out of it.

-- Weight of the observations behind a learned entry; null for an entry that a person wrote.
ALTER TABLE user_pattern ADD COLUMN evidence REAL;
CREATE INDEX user_pattern_by_confidence ON user_pattern (client_id, confidence DESC);
ALTER TABLE sparrow_config ADD COLUMN is_learned_from INTEGER NOT NULL DEFAULT TRUE;
ALTER TABLE flock_config ADD COLUMN is_learned_from INTEGER NOT NULL DEFAULT TRUE;
