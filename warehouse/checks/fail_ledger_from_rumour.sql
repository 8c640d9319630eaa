-- "Could be banned" is never "is banned": only asserted events move the law.
SELECT l.row_id, l.instrument, e.factuality FROM ledger l JOIN events e USING (event_id)
WHERE e.factuality <> 'asserted' AND e.denial = 0
