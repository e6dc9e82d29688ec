-- What is learned of clients, and of whom nothing is.

-- What is learned grows with evidence; what somebody put has none.
ALTER TABLE user_pattern ADD COLUMN evidence REAL;
CREATE INDEX user_pattern_by_confidence ON user_pattern (client_id, confidence DESC);
ALTER TABLE sparrow_config ADD COLUMN is_learned_from INTEGER NOT NULL DEFAULT TRUE;
ALTER TABLE flock_config ADD COLUMN is_learned_from INTEGER NOT NULL DEFAULT TRUE;
