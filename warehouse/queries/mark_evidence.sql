-- What was left on a Sunday of all that had happened two weeks before or earlier and was known by then: it has left every
-- plateau, so one number per series says how it goes on. `mart.evidence_between` begins there. A series with a longer
-- plateau gets no mark and is summed from its beginning.
INSERT INTO evidence_marks (marked_on, series, fading)
SELECT $sunday::DATE, s.series,
       coalesce(sum(m.mass * pow(2, -($sunday::DATE - m.event_date - r.plateau_days) / r.half_life_days)), 0)
FROM evidence_series s JOIN decay_rules r USING (dimension)
LEFT JOIN evidence_moves m
  ON m.series = s.series AND m.known_on <= $sunday::DATE AND m.event_date <= $sunday::DATE - 14
WHERE r.plateau_days <= 14
GROUP BY s.series
