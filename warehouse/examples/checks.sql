-- Data-quality checks of the last night that found something.
SELECT check_name, severity, offending, sample
FROM mart.checks
WHERE run_id = (SELECT arg_max(run_id, as_of) FROM mart.runs) AND offending > 0
ORDER BY severity, check_name;
