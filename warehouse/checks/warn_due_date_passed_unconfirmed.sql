-- A due date passed a month ago and nobody reported that it took effect: look it up.
SELECT instrument, platform, jurisdiction, due_date FROM ledger WHERE is_due_unverified
  AND due_date < (SELECT max(as_of)::DATE FROM runs) - 30
QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction, instrument ORDER BY known_from DESC, row_id DESC) = 1
