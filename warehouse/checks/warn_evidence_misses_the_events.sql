-- The kept sums of evidence are those of the events.
SELECT platform, jurisdiction, dimension, event_date, sum(mass) AS trillionths
FROM (
    SELECT platform, jurisdiction, dimension, event_date, mass FROM evidence_moves JOIN evidence_series USING (series)
    UNION ALL
    SELECT platform, jurisdiction, dimension, event_date, -floor(mass * 1e12)::BIGINT FROM events
)
GROUP BY platform, jurisdiction, dimension, event_date HAVING sum(mass) <> 0
