-- What the data-quality checks found, night by night, and whose content was taken out on request.

CREATE TABLE check_results (
    run_id VARCHAR NOT NULL,
    check_name VARCHAR NOT NULL,
    severity VARCHAR NOT NULL CHECK (severity IN ('fail', 'warn')),
    offending BIGINT NOT NULL,
    sample VARCHAR NOT NULL,
    PRIMARY KEY (run_id, check_name)
);

-- No name and no address: the ids and hashes that stay in documents say what was taken out.
CREATE TABLE erasures (
    erasure_id VARCHAR PRIMARY KEY,
    erased_at TIMESTAMPTZ NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('document', 'source')),
    target VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    documents BIGINT NOT NULL,
    signals BIGINT NOT NULL
);
ALTER TABLE documents ADD COLUMN erased_at TIMESTAMPTZ;
