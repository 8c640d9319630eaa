-- The kept sums of evidence are those of the events, each in the series of its platform, place and dimension.
SELECT series, event_date, sum(mass) AS trillionths
FROM (
    SELECT series, event_date, mass FROM evidence_moves
    UNION ALL
    -- One whose number is that of another series, or none, stands alone here and misses there.
    SELECT s.series, e.event_date, -floor(e.mass * 1e12)::BIGINT
    FROM events e LEFT JOIN evidence_series s USING (series, platform, jurisdiction, dimension)
)
GROUP BY series, event_date HAVING sum(mass) <> 0
