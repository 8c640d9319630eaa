-- Every change of a band in the 90 days before the last night, and why.
SELECT as_of::DATE AS night, client, platform, string_agg(purpose, ', ' ORDER BY purpose) AS purposes,
       from_band, to_band, cause
FROM mart.verdict_changes
WHERE NOT is_baseline AND from_band IS DISTINCT FROM to_band
  AND as_of > (SELECT max(as_of) FROM mart.runs) - INTERVAL 90 DAY
GROUP BY ALL
ORDER BY night DESC, client, platform;
