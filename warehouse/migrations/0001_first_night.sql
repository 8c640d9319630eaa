-- The warehouse, table by table in the order a datum passes through. No foreign keys: DuckDB raises on
-- parent updates (docs/decisions); warehouse/checks holds the referential checks instead.
-- Clocks: event_date (world), published_at (source), first_seen_at/known_from (we), as_of (a run may know).

CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY,
    as_of TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    outcome VARCHAR NOT NULL CHECK (outcome IN ('running', 'ok', 'degraded', 'failed', 'unchanged')),
    engine VARCHAR NOT NULL,
    is_baseline BOOLEAN NOT NULL DEFAULT FALSE,
    baseline_reason VARCHAR NOT NULL DEFAULT '',
    config_fingerprint VARCHAR NOT NULL,
    reader_version VARCHAR NOT NULL,
    counts JSON NOT NULL DEFAULT '{}',
    durations_s JSON NOT NULL DEFAULT '{}',
    problems JSON NOT NULL DEFAULT '[]'
);

CREATE TABLE source_state (
    source_id VARCHAR PRIMARY KEY,
    etag VARCHAR,
    last_modified VARCHAR,
    body_hash VARCHAR,
    state VARCHAR NOT NULL,
    last_fetch_at TIMESTAMPTZ NOT NULL,
    last_ok_at TIMESTAMPTZ,
    last_new_at TIMESTAMPTZ,
    newest_published_at TIMESTAMPTZ,
    failures DOUBLE NOT NULL DEFAULT 0,
    next_fetch_at TIMESTAMPTZ,
    detail VARCHAR NOT NULL DEFAULT ''
);

CREATE TABLE source_health (
    run_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,
    status INTEGER,
    documents INTEGER NOT NULL,
    new_documents INTEGER NOT NULL,
    duration_s DOUBLE NOT NULL,
    detail VARCHAR NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, source_id)
);

CREATE TABLE payloads (
    payload_hash VARCHAR PRIMARY KEY,
    source_id VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    content_type VARCHAR NOT NULL,
    body_zstd BLOB NOT NULL
);

CREATE TABLE documents (
    document_id VARCHAR PRIMARY KEY,
    source_id VARCHAR NOT NULL,
    guid VARCHAR,
    url VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    summary VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    text_quality VARCHAR NOT NULL,
    lang VARCHAR NOT NULL,
    outlet VARCHAR NOT NULL,
    source_kind VARCHAR NOT NULL,
    published_at TIMESTAMPTZ,
    published_raw VARCHAR NOT NULL DEFAULT '',
    updated_at TIMESTAMPTZ,
    first_seen_at TIMESTAMPTZ NOT NULL,
    content_hash VARCHAR NOT NULL,
    flags VARCHAR NOT NULL DEFAULT '',
    payload_hash VARCHAR,
    is_relevant BOOLEAN,
    is_recap BOOLEAN,
    reader_version VARCHAR
);

CREATE TABLE signals (
    signal_id VARCHAR PRIMARY KEY,
    document_id VARCHAR NOT NULL,
    event_id VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    legal_stage VARCHAR NOT NULL,
    verb VARCHAR,
    measure VARCHAR,
    instrument VARCHAR,
    factuality VARCHAR NOT NULL,
    polarity VARCHAR NOT NULL CHECK (polarity IN ('negative', 'positive', 'neutral')),
    role VARCHAR NOT NULL,
    is_recap BOOLEAN NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 5),
    confidence DOUBLE NOT NULL,
    weight DOUBLE NOT NULL CHECK (weight BETWEEN 0 AND 1),
    origin VARCHAR NOT NULL,
    source_kind VARCHAR NOT NULL,
    lang VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    char_from INTEGER NOT NULL,
    char_to INTEGER NOT NULL,
    rules VARCHAR NOT NULL,
    due_date DATE,
    event_date DATE,
    amount DOUBLE,
    currency VARCHAR,
    age_limit INTEGER,
    published_at TIMESTAMPTZ NOT NULL,
    known_from TIMESTAMPTZ NOT NULL,
    reader_version VARCHAR NOT NULL
);

CREATE TABLE events (
    event_id VARCHAR PRIMARY KEY,
    platform VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    legal_stage VARCHAR NOT NULL,
    verb VARCHAR,
    measure VARCHAR,
    instrument VARCHAR,
    factuality VARCHAR NOT NULL,
    polarity VARCHAR NOT NULL,
    severity INTEGER NOT NULL,
    reach DOUBLE NOT NULL,
    novelty DOUBLE NOT NULL,
    credibility DOUBLE NOT NULL,
    origins INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    mass DOUBLE NOT NULL,
    denial DOUBLE NOT NULL,
    has_official BOOLEAN NOT NULL,
    is_recap BOOLEAN NOT NULL,
    event_date DATE NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    due_date DATE,
    age_limit INTEGER,
    title VARCHAR NOT NULL
);

CREATE SEQUENCE ledger_row START 1;
CREATE TABLE ledger (
    row_id BIGINT PRIMARY KEY DEFAULT nextval('ledger_row'),
    platform VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    instrument VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    from_state VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    due_date DATE,
    valid_from DATE NOT NULL,
    known_from TIMESTAMPTZ NOT NULL,
    event_id VARCHAR,
    rule VARCHAR NOT NULL,
    credibility DOUBLE NOT NULL,
    age_limit INTEGER,
    is_challenged BOOLEAN NOT NULL DEFAULT FALSE,
    is_due_unverified BOOLEAN NOT NULL DEFAULT FALSE,
    run_id VARCHAR NOT NULL
);

CREATE TABLE ledger_review (
    event_id VARCHAR PRIMARY KEY,
    platform VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    instrument VARCHAR NOT NULL,
    verb VARCHAR NOT NULL,
    from_state VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    known_from TIMESTAMPTZ NOT NULL,
    run_id VARCHAR NOT NULL
);

CREATE TABLE risk_daily (
    as_of TIMESTAMPTZ NOT NULL,
    platform VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,
    value DOUBLE NOT NULL CHECK (value BETWEEN 0 AND 100),
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    confidence DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (as_of, platform, jurisdiction, dimension)
);

CREATE TABLE score_terms (
    as_of TIMESTAMPTZ NOT NULL,
    client VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    points DOUBLE NOT NULL,
    detail VARCHAR NOT NULL,
    event_ids VARCHAR NOT NULL,
    instruments VARCHAR NOT NULL
);

CREATE TABLE verdicts (
    as_of TIMESTAMPTZ NOT NULL,
    run_id VARCHAR NOT NULL,
    client VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    band VARCHAR NOT NULL CHECK (band IN ('exit', 'avoid', 'watch', 'test', 'recommend', 'unknown')),
    raw_band VARCHAR NOT NULL,
    score DOUBLE,
    fit DOUBLE,
    coverage DOUBLE NOT NULL,
    risk DOUBLE,
    confidence DOUBLE NOT NULL,
    floor VARCHAR,
    floors JSON NOT NULL,
    relaxing JSON NOT NULL,
    streak_up INTEGER NOT NULL,
    streak_down INTEGER NOT NULL,
    low_since DATE,
    outlook VARCHAR NOT NULL,
    is_baseline BOOLEAN NOT NULL,
    PRIMARY KEY (as_of, client, platform, purpose)
);

CREATE TABLE verdict_changes (
    as_of TIMESTAMPTZ NOT NULL,
    run_id VARCHAR NOT NULL,
    client VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    from_band VARCHAR,
    to_band VARCHAR NOT NULL,
    from_floor VARCHAR,
    to_floor VARCHAR,
    from_score DOUBLE,
    to_score DOUBLE,
    is_baseline BOOLEAN NOT NULL,
    cause VARCHAR NOT NULL,
    PRIMARY KEY (as_of, client, platform, purpose)
);

CREATE TABLE alerts (
    alert_id VARCHAR PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    as_of TIMESTAMPTZ NOT NULL,
    client VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    severity VARCHAR NOT NULL CHECK (severity IN ('act', 'decide', 'note')),
    rule VARCHAR NOT NULL,
    from_band VARCHAR NOT NULL,
    to_band VARCHAR NOT NULL,
    from_score DOUBLE,
    to_score DOUBLE,
    confidence DOUBLE NOT NULL,
    title VARCHAR NOT NULL,
    due_date DATE,
    event_ids JSON NOT NULL,
    reasons JSON NOT NULL,
    evidence JSON NOT NULL,
    status VARCHAR NOT NULL CHECK (status IN ('queued', 'digest', 'suppressed')),
    status_reason VARCHAR NOT NULL DEFAULT ''
);

CREATE TABLE messages (
    message_id VARCHAR PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    client VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    target_hash VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    lang VARCHAR NOT NULL,
    body BLOB NOT NULL,
    alert_ids JSON NOT NULL,
    status VARCHAR NOT NULL CHECK (status IN ('pending', 'sending', 'sent', 'dead', 'suppressed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    queued_at TIMESTAMPTZ NOT NULL,
    next_try_at TIMESTAMPTZ,
    claimed_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    last_detail VARCHAR NOT NULL DEFAULT ''
);

CREATE TABLE deliveries (
    message_id VARCHAR NOT NULL,
    attempt INTEGER NOT NULL,
    attempted_at TIMESTAMPTZ NOT NULL,
    status VARCHAR NOT NULL CHECK (status IN ('sent', 'failed', 'dead')),
    detail VARCHAR NOT NULL,
    PRIMARY KEY (message_id, attempt)
);

-- Configuration as data, so that every constant a score used can be read beside the score.
CREATE TABLE platforms (
    platform VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, owner VARCHAR NOT NULL, home VARCHAR NOT NULL
);
CREATE TABLE clients (
    client VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, sector VARCHAR NOT NULL, lang VARCHAR NOT NULL,
    markets JSON NOT NULL, purposes JSON NOT NULL, presence JSON NOT NULL
);
CREATE TABLE instruments (
    instrument VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, jurisdiction VARCHAR NOT NULL, measure VARCHAR NOT NULL
);
CREATE TABLE jurisdictions (
    jurisdiction VARCHAR PRIMARY KEY, name_de VARCHAR NOT NULL, name_en VARCHAR NOT NULL, parent VARCHAR
);
CREATE TABLE state_levels (state VARCHAR PRIMARY KEY, level DOUBLE NOT NULL, rise DOUBLE NOT NULL, rise_half_life_days DOUBLE NOT NULL);
CREATE TABLE gravities (measure VARCHAR PRIMARY KEY, gravity DOUBLE NOT NULL);
CREATE TABLE decay_rules (dimension VARCHAR PRIMARY KEY, plateau_days DOUBLE NOT NULL, half_life_days DOUBLE NOT NULL, index_weight DOUBLE NOT NULL);
CREATE TABLE base_rates (platform VARCHAR NOT NULL, dimension VARCHAR NOT NULL, rate DOUBLE NOT NULL, PRIMARY KEY (platform, dimension));
CREATE TABLE constants (name VARCHAR PRIMARY KEY, value DOUBLE NOT NULL);
