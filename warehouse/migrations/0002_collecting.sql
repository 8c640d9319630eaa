-- What is remembered of a source between two visits (trendwarte/polling.py), what sources measured, and where
-- the text of a document came from.

-- First the column without a default: after one with a default DuckDB 1.5 refuses the commit on a filled table.
ALTER TABLE source_state ADD COLUMN last_body_at TIMESTAMPTZ;
ALTER TABLE source_state ADD COLUMN interval_min DOUBLE DEFAULT 60;
ALTER TABLE source_state ADD COLUMN calm INTEGER DEFAULT 0;
ALTER TABLE source_state ADD COLUMN busy INTEGER DEFAULT 0;
ALTER TABLE source_state ADD COLUMN conditional INTEGER DEFAULT 0;
ALTER TABLE source_state ADD COLUMN is_lying BOOLEAN DEFAULT FALSE;

CREATE TABLE measurements (
    source_id VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    measured_on DATE NOT NULL,
    value DOUBLE NOT NULL,
    norm DOUBLE,
    known_from TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (source_id, series, subject, market, measured_on)
);
