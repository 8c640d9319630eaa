-- Changes of band in the period, purposes that moved alike together, with the alert behind them and what weighed most.
WITH moved AS (
    SELECT c.client, c.as_of, c.platform, p.name AS platform_name, list(c.purpose ORDER BY c.purpose) AS purposes,
           -- A platform judged for the first time comes from "unknown".
           coalesce(c.from_band, 'unknown') AS from_band, c.to_band,
           -- All numbers of one purpose, the one whose score is the lowest now: the terms below sum to its score.
           arg_min(c.purpose, (coalesce(c.to_score, 101), c.purpose)) AS lead_purpose,
           arg_min({'before': c.from_score, 'after': c.to_score, 'floor': c.to_floor},
                   (coalesce(c.to_score, 101), c.purpose)) AS led
    FROM mart.verdict_changes c
    JOIN mart.platforms p USING (platform)
    WHERE c.client IN (SELECT unnest($clients::VARCHAR[])) AND NOT c.is_baseline
      AND c.from_band IS DISTINCT FROM c.to_band AND c.as_of > $since AND c.as_of <= $until
    GROUP BY c.client, c.as_of, c.platform, p.name, c.from_band, c.to_band
)
SELECT m.* EXCLUDE (led), m.led.before AS from_score, m.led.after AS to_score, m.led.floor AS floor,
       (SELECT list({'kind': t.kind, 'name': t.name, 'points': t.points, 'detail': t.detail, 'event_ids': t.event_ids,
                     'instruments': t.instruments} ORDER BY t.points)[:3]
        FROM mart.score_terms t
        WHERE (t.client, t.platform, t.as_of, t.purpose) = (m.client, m.platform, m.as_of, m.lead_purpose)
          AND t.kind = 'risk' AND t.points <= -1) AS terms,
       (SELECT {'reasons': any_value(a.reasons), 'evidence': any_value(a.evidence), 'counter': any_value(a.counter_evidence)}
        FROM mart.alerts a
        WHERE (a.client, a.platform, a.as_of, a.purpose) = (m.client, m.platform, m.as_of, m.lead_purpose)) AS alert
FROM moved m
ORDER BY m.client, m.as_of DESC, m.platform
