-- Events that were known on their day or announced before it, summed per series and day in whole trillionths. Both groups
-- are columns whose range DuckDB knows; of anything computed it does not, and would hash (docs/decisions/0027).
SELECT series, (event_date - $first::DATE)::INTEGER AS told, greatest(told, 0) AS enters, mass
FROM (
    SELECT series, event_date, sum(floor(mass * 1e12)) AS mass FROM main.events
    WHERE event_date <= $last::DATE AND first_seen_at < make_timestamptz((event_date - DATE '1969-12-31') * 86400000000)
    GROUP BY event_date, series
)
