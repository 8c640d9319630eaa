-- Events that were only feared first and asserted later, with the days between.
SELECT f.platform, f.jurisdiction, f.topic, f.event_date AS feared_on, a.event_date AS asserted_on,
       a.event_date - f.event_date AS days
FROM mart.events f
JOIN mart.events a ON a.platform = f.platform AND a.jurisdiction = f.jurisdiction AND a.topic = f.topic
                  AND a.event_date > f.event_date AND a.event_date <= f.event_date + 365
WHERE f.factuality = 'speculated' AND a.factuality = 'asserted' AND a.legal_stage <> 'none'
QUALIFY row_number() OVER (PARTITION BY f.event_id ORDER BY a.event_date, a.event_id) = 1
ORDER BY days;
