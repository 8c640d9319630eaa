-- The verdicts of each client's newest night, beside those of 30 days before.
WITH newest AS (
    SELECT client, max(as_of) AS as_of
    FROM mart.verdicts
    WHERE client IN (SELECT unnest($clients::VARCHAR[]))
    GROUP BY client
), earlier AS (
    SELECT v.client, max(v.as_of) AS as_of
    FROM mart.verdicts v
    JOIN newest n USING (client)
    WHERE v.as_of <= n.as_of - to_days($days::INTEGER)
    GROUP BY v.client
), changed AS (
    SELECT client, platform, purpose, max(as_of)::DATE AS changed_on
    FROM mart.verdict_changes
    GROUP BY ALL
)
SELECT v.client, v.platform, p.name, v.purpose, v.band, v.score, v.floor, v.coverage, v.confidence,
       v.floors[0]->>'cap' AS floor_cap, coalesce(v.floors[0]->>'detail', '') AS floor_detail,
       o.band AS previous_band, o.score AS previous_score, c.changed_on
FROM mart.verdicts v
JOIN newest n USING (client, as_of)
JOIN mart.platforms p USING (platform)
LEFT JOIN earlier e ON e.client = v.client
LEFT JOIN mart.verdicts o
    ON (o.client, o.platform, o.purpose, o.as_of) = (v.client, v.platform, v.purpose, e.as_of)
LEFT JOIN changed c ON (c.client, c.platform, c.purpose) = (v.client, v.platform, v.purpose)
ORDER BY v.client, p.name, v.purpose
