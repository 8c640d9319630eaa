-- What was known on 1 January 2025 about the law on 19 January 2025: two times, never merged.
SELECT platform, jurisdiction, instrument, state, due_date
FROM mart.legal_at(DATE '2025-01-19', TIMESTAMPTZ '2025-01-01 00:00:00+00')
ORDER BY ALL;
