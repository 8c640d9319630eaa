-- Credible, weighty events of some platforms in a period, the weightiest first.
SELECT e.platform, e.jurisdiction, e.event_date AS day, e.title, e.polarity,
       coalesce((SELECT min(s.lang) FROM mart.signals s WHERE s.event_id = e.event_id), '') AS lang
FROM mart.events e
WHERE e.platform IN (SELECT unnest($platforms::VARCHAR[])) AND e.event_date BETWEEN $start AND $until
  AND e.credibility >= .5 AND e.severity >= 3 AND e.dimension <> 'momentum' AND NOT e.is_recap
ORDER BY e.severity DESC, e.credibility DESC, e.event_date, e.event_id
