-- Sources that fail or have gone quiet, and when they are asked again.
SELECT source_id, state, failures, last_ok_at, newest_published_at, next_fetch_at, detail
FROM mart.sources
WHERE failures > 0 OR state NOT IN ('ok', 'not_modified')
ORDER BY failures DESC, source_id;
