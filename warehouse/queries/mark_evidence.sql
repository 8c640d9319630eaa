-- What was left on a Sunday of all that had happened two weeks before or earlier and was known by then: it has left every
-- plateau, so one number per series says how it goes on. `mart.evidence_moves` begins there. A series with a longer
-- plateau gets no mark and is summed from its beginning. $last: the mark before, or a day before everything.
INSERT INTO evidence_marks (marked_on, series, fading)
SELECT $sunday::DATE, s.series,
       coalesce(any_value(k.fading) * pow(2, -($sunday::DATE - $last::DATE) / any_value(r.half_life_days)), 0)
       + coalesce(sum(m.mass * pow(2, -($sunday::DATE - m.event_date - r.plateau_days) / r.half_life_days)), 0)
FROM evidence_series s JOIN decay_rules r USING (dimension)
LEFT JOIN evidence_marks k ON k.series = s.series AND k.marked_on = $last::DATE
LEFT JOIN (
    SELECT series, event_date, mass FROM evidence_moves
    WHERE known_on > $last::DATE AND known_on <= $sunday::DATE AND event_date <= $sunday::DATE - 14
    UNION ALL
    SELECT series, event_date, mass FROM evidence_moves
    WHERE known_on <= $last::DATE AND event_date > $last::DATE - 14 AND event_date <= $sunday::DATE - 14
) m ON m.series = s.series
WHERE r.plateau_days <= 14
GROUP BY s.series
