-- N = max(minimum, factor^k), k earlier believed events of the same platform, place and topic in the window.
-- A legal step is always new: it says something no earlier event said.
UPDATE events
SET novelty = n.novelty
FROM (
    SELECT e.event_id,
           CASE WHEN e.legal_stage NOT IN ('none', 'discussed') AND e.factuality = 'asserted' THEN 1.0
                ELSE greatest(
                    (SELECT value FROM constants WHERE name = 'novelty_minimum'),
                    pow((SELECT value FROM constants WHERE name = 'novelty_factor'), count(b.event_id)))
           END AS novelty
    FROM events e
    LEFT JOIN events b
      ON b.platform = e.platform AND b.jurisdiction = e.jurisdiction AND b.topic = e.topic
     AND b.event_id <> e.event_id AND b.credibility > 0 AND b.event_date < e.event_date
     AND b.event_date >= e.event_date
         - (SELECT value::INTEGER FROM constants WHERE name = 'novelty_window_days')
    WHERE e.event_id IN (SELECT unnest($ids::VARCHAR[]))
    GROUP BY e.event_id, e.legal_stage, e.factuality
) n
WHERE events.event_id = n.event_id
