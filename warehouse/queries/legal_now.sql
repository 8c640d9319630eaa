-- Where each instrument stands in some places, from the open warehouse (the snapshot has mart.legal_status).
SELECT s.platform, coalesce(p.name, s.platform) AS platform_name, s.jurisdiction, s.instrument, s.measure, s.state,
       s.valid_from, s.due_date, s.credibility, s.is_due_unverified
FROM (
    SELECT *
    FROM ledger
    QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction, instrument ORDER BY known_from DESC, row_id DESC) = 1
) s
LEFT JOIN platforms p USING (platform)
WHERE s.jurisdiction IN (SELECT unnest($places::VARCHAR[]))
ORDER BY s.due_date NULLS LAST, s.valid_from DESC, s.platform, s.instrument
