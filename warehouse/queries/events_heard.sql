-- Events that a report joined since a night which counts for something (a recap or a post does not), with the time of
-- the first and the last such report.
WITH told AS (
    SELECT event_id, min(known_from) AS first_at, max(known_from) AS last_at
    FROM signals
    WHERE weight > 0 AND event_id IN (SELECT event_id FROM signals WHERE weight > 0 AND known_from > $since)
    GROUP BY event_id
)
SELECT e.*, t.first_at, t.last_at FROM events e JOIN told t USING (event_id) ORDER BY e.event_id
