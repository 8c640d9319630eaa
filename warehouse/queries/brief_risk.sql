-- The risk of some platforms in some places since a day: each row that moved, and the state on the day before.
WITH wanted AS (
    SELECT unnest($platforms::VARCHAR[]) AS platform, unnest($places::VARCHAR[]) AS jurisdiction
), before AS (
    SELECT r.platform, r.jurisdiction, r.dimension, $start::DATE AS day, arg_max(r.value, r.as_of) AS value,
           arg_max(r.low, r.as_of) AS low, arg_max(r.high, r.as_of) AS high
    FROM mart.risk_daily r
    JOIN wanted USING (platform, jurisdiction)
    WHERE r.as_of::DATE <= $start::DATE
    GROUP BY ALL
)
SELECT * FROM before
UNION ALL
SELECT r.platform, r.jurisdiction, r.dimension, r.as_of::DATE AS day, r.value, r.low, r.high
FROM mart.risk_daily r
JOIN wanted USING (platform, jurisdiction)
WHERE r.as_of::DATE > $start::DATE AND r.as_of::DATE <= $until::DATE
ORDER BY platform, jurisdiction, day
