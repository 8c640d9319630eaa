-- Tonight's scores that moved by $step points since they were last kept; the others still stand.
INSERT INTO risk_daily (as_of, platform, jurisdiction, dimension, value, low, high, confidence, run_id)
SELECT $as_of, t.platform, t.jurisdiction, t.dimension, t.value, t.low, t.high, t.confidence, $run_id
FROM risk_tonight t
LEFT JOIN risk_standing b USING (platform, jurisdiction, dimension)
WHERE b.value IS NULL OR abs(t.value - b.value) >= $step OR abs(t.confidence - b.confidence) >= $step
ON CONFLICT DO UPDATE SET value = excluded.value, low = excluded.low, high = excluded.high,
    confidence = excluded.confidence, run_id = excluded.run_id
