-- Where every law, order and case stands today, the nearest date first.
SELECT platform, jurisdiction, instrument, measure, state, valid_from, due_date, round(credibility, 2) AS credibility
FROM mart.legal_status
ORDER BY due_date NULLS LAST, platform, jurisdiction, instrument;
