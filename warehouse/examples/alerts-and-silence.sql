-- Who was told what, and who was not told and why not.
SELECT as_of::DATE AS night, severity, client, platform, from_band, to_band, rule, status, status_reason
FROM mart.alerts
ORDER BY as_of DESC, status, severity, client, platform
LIMIT 100;
