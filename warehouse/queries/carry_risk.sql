-- The scores kept tonight become those that were kept last.
MERGE INTO risk_standing s
USING (SELECT platform, jurisdiction, dimension, value, confidence FROM risk_daily WHERE as_of = $as_of) t
USING (platform, jurisdiction, dimension)
WHEN MATCHED THEN UPDATE SET value = t.value, confidence = t.confidence
WHEN NOT MATCHED THEN INSERT VALUES (t.platform, t.jurisdiction, t.dimension, t.value, t.confidence)
