-- How the law against one platform in one place came to stand where it stands, step by step.
SELECT valid_from, known_from::DATE AS known_on, instrument, from_state, state, due_date, rule
FROM mart.ledger
WHERE platform = 'tiktok' AND jurisdiction = 'US'
ORDER BY row_id;
