-- Every step of the ledger names an event that exists; only a date that passes has none.
SELECT row_id, instrument, event_id FROM ledger
WHERE event_id IS NOT NULL AND event_id NOT IN (SELECT event_id FROM events)
