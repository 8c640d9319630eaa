-- Every score tonight is explained by its terms; terms that did not change are kept once, under the night that wrote them.
SELECT v.client, v.platform, v.purpose, v.score FROM verdicts v
LEFT JOIN score_terms t
  ON t.as_of = v.terms_as_of AND t.client = v.client AND t.platform = v.platform AND t.purpose = v.purpose
WHERE v.as_of = (SELECT max(as_of) FROM verdicts) AND v.score IS NOT NULL AND t.name IS NULL
