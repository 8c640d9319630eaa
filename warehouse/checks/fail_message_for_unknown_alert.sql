-- Every message names alerts that exist.
SELECT message_id, one FROM (SELECT message_id, unnest(alert_ids::VARCHAR[]) AS one FROM messages)
WHERE one NOT IN (SELECT alert_id FROM alerts)
