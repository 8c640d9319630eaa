-- The events that drive each risk on one day, strongest first: what a term of a score rests on. What is told of all
-- platforms drives the risk of each, as in score_risk.
WITH everyone AS (
    SELECT platform AS target, platform AS named FROM platforms UNION ALL SELECT platform, 'all_social' FROM platforms
)
SELECT platform, jurisdiction, dimension, list(event_id ORDER BY y DESC, event_id)[1:5] AS event_ids
FROM (
    SELECT v.target AS platform, e.jurisdiction, e.dimension, e.event_id,
           (1 - pow(1 - e.credibility, e.attention)) * pow(e.severity / 5.0 * e.reach * e.novelty, 1 / 3.0)
           * CASE WHEN date_diff('day', e.event_date, $day::DATE) <= r.plateau_days THEN 1
                  ELSE pow(2, -(date_diff('day', e.event_date, $day::DATE) - r.plateau_days) / r.half_life_days) END
           AS y
    FROM events e JOIN everyone v ON v.named = e.platform JOIN decay_rules r USING (dimension)
    WHERE e.event_date <= $day::DATE AND e.polarity = 'negative' AND e.credibility > 0
      AND (e.platform <> 'all_social' OR e.dimension IN ('legal', 'youth'))
)
WHERE y > 0.01
GROUP BY ALL
