-- What tonight changed, as moves of its series.
INSERT INTO evidence_moves (known_on, series, event_date, mass)
SELECT $known_on, series, DATE '1970-01-01' + day, mass
FROM moved_tonight JOIN evidence_series USING (platform, jurisdiction, dimension)
ORDER BY series
