-- No event stands without a signal: nothing happened that nobody reported.
SELECT event_id, platform FROM events WHERE event_id NOT IN (SELECT event_id FROM signals)
