-- Every signal belongs to an event that exists.
SELECT signal_id, event_id FROM signals WHERE event_id NOT IN (SELECT event_id FROM events)
