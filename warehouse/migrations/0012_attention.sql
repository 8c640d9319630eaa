-- How much of the press an event had, so that reading more sources is not taken for more trouble (docs/decisions/0026).
ALTER TABLE events ADD COLUMN attention DOUBLE DEFAULT 1;
