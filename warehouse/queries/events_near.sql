-- Events a report of a given day could join: not silent for longer than the gap, nor begun that long after it.
SELECT DISTINCT e.event_id
FROM events e
JOIN (SELECT unnest($days::STRUCT(platform VARCHAR, day DATE)[], recursive := true)) r
  ON r.platform = e.platform
 AND r.day >= e.event_date - $gap::INTEGER
 AND r.day <= e.last_seen_at::DATE + $gap::INTEGER
