-- The gravest events of the last year with the quotes they rest on, one per independent origin.
SELECT e.event_date, e.platform, e.jurisdiction, e.severity, round(e.credibility, 2) AS credibility,
       s.evidence AS quote, d.outlet, d.url
FROM mart.events e
JOIN mart.signals s USING (event_id)
JOIN mart.documents d USING (document_id)
WHERE e.event_date > (SELECT max(as_of)::DATE FROM mart.runs) - 365 AND e.severity >= 4
QUALIFY row_number() OVER (PARTITION BY e.event_id, s.origin ORDER BY s.weight DESC, s.signal_id) = 1
ORDER BY e.event_date DESC, e.platform, s.weight DESC
LIMIT 50;
