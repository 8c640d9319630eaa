-- Attention and reach of some events, against the origins that told of any platform in the weeks up to their day: in a
-- panel as the constants were tuned on an origin is a voice, in a larger one a fraction of one. Voices are counted as what
-- they take from doubt, -ln(1 - q), in each language and in all together; the highest counts, so a report more never
-- lowers it. A legal step and an official word need no chorus. The panel is that of the event's first night: what is read
-- later changes no verdict of the past.
WITH constant AS (
    SELECT max(value) FILTER (name = 'panel_origins') AS panel, max(value::INTEGER) FILTER (name = 'panel_days') AS days
    FROM constants
),
touched AS (
    SELECT event_id, event_date AS day, first_seen_at, origins,
           has_official OR (legal_stage NOT IN ('none', 'discussed') AND factuality = 'asserted') AS is_exempt
    FROM events WHERE event_id IN (SELECT unnest($ids::VARCHAR[]))
),
nights AS (SELECT DISTINCT day, first_seen_at FROM touched),
panels AS (
    SELECT n.day, n.first_seen_at, s.lang, any_value(c.panel) / greatest(any_value(c.panel), count(DISTINCT s.origin)) AS voice
    FROM nights n CROSS JOIN constant c JOIN signals s
      ON s.weight > 0 AND s.published_at >= n.day - c.days AND s.published_at < n.day + 1
     AND s.known_from <= n.first_seen_at
    GROUP BY GROUPING SETS ((n.day, n.first_seen_at, s.lang), (n.day, n.first_seen_at))
),
said AS (
    SELECT event_id, lang, origin, max(weight) AS q
    FROM signals
    WHERE event_id IN (SELECT unnest($ids::VARCHAR[])) AND weight > 0 AND factuality NOT IN ('denied', 'retracted')
    GROUP BY GROUPING SETS ((event_id, lang, origin), (event_id, origin))
),
told AS (
    SELECT event_id, lang, count(*) AS told_by, sum(-ln(1 - least(q, .999))) AS doubt_removed FROM said GROUP BY event_id, lang
),
loudest AS (
    SELECT t.event_id, max(least(v.told_by, t.origins) * p.voice) AS voices,
           max(v.doubt_removed * p.voice) / max(v.doubt_removed) AS share
    FROM touched t
    JOIN told v USING (event_id)
    JOIN panels p ON p.day = t.day AND p.first_seen_at = t.first_seen_at AND p.lang IS NOT DISTINCT FROM v.lang
    GROUP BY ALL
)
UPDATE events
SET attention = CASE WHEN t.is_exempt THEN 1 ELSE coalesce(l.share, 1) END,
    -- "The whole market hears of it" is said of three origins in a panel; in a larger one it takes more.
    reach = CASE WHEN reach = 1 AND NOT has_official AND l.voices < 3 THEN 0.7 ELSE reach END
FROM touched t LEFT JOIN loudest l USING (event_id)
WHERE events.event_id = t.event_id
