-- A message that has waited for more than a day: a channel is down, or none is configured.
SELECT message_id, client, kind, queued_at FROM messages
WHERE status IN ('pending', 'sending') AND queued_at < (SELECT max(as_of) FROM runs) - INTERVAL 1 DAY
