-- Legal risk of every platform in the USA at the end of each month, as it was computed then.
SELECT m.day::DATE AS month_end, r.platform, round(arg_max(r.value, r.as_of), 1) AS legal_risk
FROM generate_series(DATE '2024-01-31', DATE '2025-12-31', INTERVAL 1 MONTH) AS m(day)
JOIN mart.risk_daily r ON r.as_of <= m.day + INTERVAL 1 DAY
WHERE r.jurisdiction = 'US' AND r.dimension = 'legal'
GROUP BY ALL
ORDER BY month_end, legal_risk DESC, r.platform;
