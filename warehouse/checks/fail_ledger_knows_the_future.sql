-- Nothing is known before the night that wrote it.
SELECT l.row_id, l.instrument, l.known_from FROM ledger l JOIN runs r USING (run_id) WHERE l.known_from > r.as_of
