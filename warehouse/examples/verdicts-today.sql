-- Tonight's advice for every client, the worst first.
SELECT client, platform, purpose, band, round(score, 1) AS score, floor, round(confidence, 2) AS confidence, outlook
FROM mart.verdicts
WHERE as_of = (SELECT max(as_of) FROM mart.verdicts)
ORDER BY score NULLS LAST, client, platform, purpose;
