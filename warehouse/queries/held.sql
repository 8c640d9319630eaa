-- Alerts that were meant for a recipient and never arrived: silenced, or their message expired unheard. The newest
-- of each platform and purpose; a refusal for good is not repeated.
SELECT a.*, m.channel AS held_channel, m.target AS held_target
FROM statements s
JOIN messages m USING (message_id)
JOIN alerts a USING (alert_id)
WHERE m.queued_at >= $since AND m.queued_at < $as_of
  AND ((m.status = 'suppressed' AND m.outcome = 'silenced') OR (m.status = 'dead' AND m.outcome = 'expired'))
QUALIFY row_number() OVER (PARTITION BY m.client, m.channel, m.target, s.platform, s.purpose ORDER BY m.queued_at DESC, m.message_id) = 1
ORDER BY a.alert_id
