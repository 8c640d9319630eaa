-- How the nights went: outcome, seconds, what was new, what went wrong.
SELECT as_of, outcome, round(epoch(finished_at - started_at), 1) AS seconds,
       (counts->>'documents_new')::INTEGER AS documents_new, (counts->>'alerts')::INTEGER AS alerts,
       json_array_length(problems) AS problems, baseline_reason
FROM mart.runs
ORDER BY as_of DESC
LIMIT 30;
