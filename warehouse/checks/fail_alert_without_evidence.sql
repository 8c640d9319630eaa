-- Nobody is told anything without a quote, unless a date passed or the content was erased since.
SELECT alert_id, client, platform, rule FROM alerts
WHERE status = 'queued' AND json_array_length(evidence) = 0 AND json_array_length(event_ids) > 0
  AND NOT EXISTS (FROM erasures)
