-- Terms are written when they differ from the last ones written: a quiet platform costs no rows.
-- A verdict points at its terms; mart.score_terms gives each night its own again.
ALTER TABLE verdicts ADD COLUMN terms_as_of TIMESTAMPTZ;
ALTER TABLE verdicts ADD COLUMN terms_hash VARCHAR DEFAULT '';
UPDATE verdicts SET terms_as_of = as_of;

-- What people decided about steps the table refused, and steps they entered themselves: who, when, why.
ALTER TABLE ledger ADD COLUMN author VARCHAR DEFAULT '';
ALTER TABLE ledger ADD COLUMN reason VARCHAR DEFAULT '';
CREATE TABLE ledger_decisions (
    event_id VARCHAR PRIMARY KEY,
    decision VARCHAR NOT NULL CHECK (decision IN ('confirmed', 'rejected')),
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);
