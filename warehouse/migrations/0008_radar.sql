-- Noticing the new: names that texts introduce as services, who mentions them, and what followed from it;
-- and for watched platforms the daily inputs of momentum with the stage they amount to.

CREATE TABLE radar_contexts (
    document_id VARCHAR NOT NULL,
    name_key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('social', 'rival', 'move', 'plain', 'other')),
    name VARCHAR NOT NULL,
    weight DOUBLE NOT NULL CHECK (weight BETWEEN 0 AND 1),
    quote VARCHAR NOT NULL,
    outlet VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    seen_on DATE NOT NULL,
    known_from TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (document_id, name_key, kind)
);

CREATE TABLE radar_mentions (
    name_key VARCHAR NOT NULL,
    document_id VARCHAR NOT NULL,
    outlet VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    seen_on DATE NOT NULL,
    known_from TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name_key, document_id)
);

-- How much each source and outlet brought on each day: what shares are shares of.
CREATE TABLE source_days (
    source_id VARCHAR NOT NULL,
    outlet VARCHAR NOT NULL,
    lang VARCHAR NOT NULL,
    seen_on DATE NOT NULL,
    documents INTEGER NOT NULL,
    PRIMARY KEY (source_id, outlet, lang, seen_on)
);

CREATE TABLE candidates (
    as_of TIMESTAMPTZ NOT NULL,
    name_key VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    status VARCHAR NOT NULL CHECK (status IN ('candidate', 'noticed', 'rejected')),
    place INTEGER NOT NULL,
    score DOUBLE NOT NULL CHECK (score BETWEEN 0 AND 100),
    documents INTEGER NOT NULL,
    outlets INTEGER NOT NULL,
    first_seen_on DATE NOT NULL,
    last_seen_on DATE NOT NULL,
    surfaced_at TIMESTAMPTZ,
    reasons JSON NOT NULL,
    evidence JSON NOT NULL,
    PRIMARY KEY (as_of, name_key)
);

CREATE TABLE momentum (
    platform VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    measured_on DATE NOT NULL,
    value DOUBLE NOT NULL,
    level DOUBLE NOT NULL,
    z DOUBLE,
    burst DOUBLE NOT NULL,
    is_burst BOOLEAN NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (platform, market, input, measured_on)
);

CREATE TABLE momentum_stages (
    as_of TIMESTAMPTZ NOT NULL,
    platform VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    stage VARCHAR NOT NULL CHECK (stage IN ('dormant', 'spark', 'hype', 'sustained', 'fading')),
    stage_since DATE NOT NULL,
    spark_on DATE,
    peak_on DATE,
    durability DOUBLE,
    inputs INTEGER NOT NULL,
    bursting VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (as_of, platform, market)
);

-- Platforms whose kept documents were read with their names known; a new one has its documents read again.
CREATE TABLE platforms_read (platform VARCHAR PRIMARY KEY, known_from TIMESTAMPTZ NOT NULL);
