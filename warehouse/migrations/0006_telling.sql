-- Who was told what: the statements of each message, silences, closed channels, and why a message was not sent.

-- First the column without a default (docs/decisions/0021).
ALTER TABLE messages ADD COLUMN first_due_at TIMESTAMPTZ;
ALTER TABLE messages ADD COLUMN severity VARCHAR DEFAULT 'note';
ALTER TABLE messages ADD COLUMN outcome VARCHAR DEFAULT '';
ALTER TABLE messages ADD COLUMN claimed_by VARCHAR DEFAULT '';
ALTER TABLE alerts ADD COLUMN presence VARCHAR DEFAULT 'none';
ALTER TABLE alerts ADD COLUMN counter_evidence JSON DEFAULT '[]';

-- One row per change that a message states, as that recipient reads it.
CREATE TABLE statements (
    message_id VARCHAR NOT NULL,
    alert_id VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    from_band VARCHAR NOT NULL,
    to_band VARCHAR NOT NULL,
    PRIMARY KEY (message_id, alert_id)
);

-- Patterns as in file names: * is anything. A silence that was ended early keeps its row.
CREATE TABLE silences (
    silence_id VARCHAR PRIMARY KEY,
    created_at TIMESTAMPTZ NOT NULL,
    until_at TIMESTAMPTZ NOT NULL,
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    client VARCHAR NOT NULL DEFAULT '*',
    platform VARCHAR NOT NULL DEFAULT '*',
    purpose VARCHAR NOT NULL DEFAULT '*',
    severity VARCHAR NOT NULL DEFAULT '*',
    channel VARCHAR NOT NULL DEFAULT '*',
    ended_at TIMESTAMPTZ
);

-- A receiver that answered "gone" gets nothing until somebody opens it again (trendwarte alerts retry).
CREATE TABLE closed_channels (
    client VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    target_hash VARCHAR NOT NULL,
    closed_at TIMESTAMPTZ NOT NULL,
    detail VARCHAR NOT NULL,
    PRIMARY KEY (client, channel, target_hash)
);
