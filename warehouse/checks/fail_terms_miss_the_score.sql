-- The terms of a score sum to it (a score is cut at 0 and 100).
SELECT v.client, v.platform, v.purpose, v.score, sum(t.points) AS total FROM verdicts v
JOIN score_terms t
  ON t.as_of = v.terms_as_of AND t.client = v.client AND t.platform = v.platform AND t.purpose = v.purpose
WHERE v.as_of = (SELECT max(as_of) FROM verdicts) AND v.score > 0 AND v.score < 100
GROUP BY ALL HAVING abs(total - v.score) > 1e-6
