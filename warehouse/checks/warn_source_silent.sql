-- A source that has brought nothing well for ten days though it was asked.
SELECT source_id, state, last_ok_at, detail FROM source_state
WHERE last_fetch_at - coalesce(last_ok_at, TIMESTAMPTZ '1970-01-01') > INTERVAL 10 DAY
