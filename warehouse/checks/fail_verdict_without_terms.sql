-- Every score tonight is explained by its terms.
SELECT v.client, v.platform, v.purpose, v.score FROM verdicts v
LEFT JOIN score_terms t USING (as_of, client, platform, purpose)
WHERE v.as_of = (SELECT max(as_of) FROM verdicts) AND v.score IS NOT NULL AND t.name IS NULL
