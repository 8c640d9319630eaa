-- What each recipient was last told before a night. An empty channel means everybody at the client: a baseline is
-- nobody's news but everybody's starting point, and what stands in the digest counts as said.
WITH said AS (
    SELECT m.client, m.channel, m.target, s.platform, s.purpose, s.to_band AS band, m.queued_at AS told_at
    FROM statements s
    JOIN messages m USING (message_id)
    WHERE m.status IN ('pending', 'sending', 'sent') AND m.queued_at < $as_of
    UNION ALL
    SELECT client, '', '', platform, purpose, to_band, as_of
    FROM alerts
    WHERE status = 'digest' AND as_of < $as_of
    UNION ALL
    SELECT client, '', '', platform, purpose, to_band, as_of
    FROM verdict_changes
    WHERE is_baseline AND as_of < $as_of
)
SELECT client, channel, target, platform, purpose, arg_max(band, told_at) AS band, max(told_at) AS told_at
FROM said
GROUP BY ALL
