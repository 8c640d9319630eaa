-- Numbers for series that have none yet. Nothing of them was known before: at the last mark nothing was left of it.
INSERT INTO evidence_series
SELECT (SELECT coalesce(max(series), 0) FROM evidence_series)
       + row_number() OVER (ORDER BY platform, jurisdiction, dimension) AS series, platform, jurisdiction, dimension
FROM (SELECT DISTINCT platform, jurisdiction, dimension FROM moved_tonight
      ANTI JOIN evidence_series USING (platform, jurisdiction, dimension));
INSERT INTO evidence_marks
SELECT $last_mark::DATE, series, 0 FROM evidence_series
WHERE $last_mark::DATE IS NOT NULL AND series NOT IN (SELECT series FROM evidence_marks WHERE marked_on = $last_mark::DATE)
