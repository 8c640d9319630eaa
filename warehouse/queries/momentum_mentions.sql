-- Share of the news that names a platform, per market and day, and the burst in it: Kleinberg's two states as a CUSUM
-- of Poisson log-likelihoods, r ln f - (f - 1) E, where E is what each source would bring at its own rate of the last
-- $baseline_days before the last $gap_days. Every source is compared with itself, and only with a history of $source_days: fifty feeds that are
-- added or lost overnight add nothing to either side. A source's rate leans on the pooled rate, never below least_share.
WITH days AS (SELECT unnest(generate_series($start::DATE, $day::DATE, INTERVAL 1 DAY))::DATE AS t),
markets AS (SELECT unnest($markets::STRUCT(label VARCHAR, market VARCHAR)[], recursive := true)),
totals AS (
    SELECT source_id, market, seen_on, sum(documents) AS d FROM source_days JOIN markets ON label = lang
    WHERE seen_on BETWEEN $start::DATE - $baseline_days::INTEGER - $gap_days::INTEGER AND $day::DATE GROUP BY ALL
),
firsts AS (SELECT source_id, min(seen_on) AS first_on FROM source_days GROUP BY source_id),
named AS (
    SELECT s.platform, d.source_id, market,
           least(coalesce(d.published_at, d.first_seen_at), d.first_seen_at)::DATE AS seen_on,
           count(DISTINCT document_id) AS r
    FROM signals s JOIN documents d USING (document_id) JOIN markets ON label = d.lang
    WHERE s.known_from <= $as_of AND s.role NOT IN ('venue', 'boilerplate') AND NOT s.is_recap
      AND s.published_at >= $start::DATE - $baseline_days::INTEGER - $gap_days::INTEGER - 1 AND s.platform <> 'all_social'
    GROUP BY ALL
),
volume AS (
    SELECT t, source_id, market, coalesce(sum(d) FILTER (seen_on = t), 0) AS d,
           coalesce(sum(d) FILTER (seen_on < t - $gap_days::INTEGER), 0) AS d_before
    FROM days JOIN totals ON seen_on BETWEEN t - $baseline_days::INTEGER - $gap_days::INTEGER AND t JOIN firsts USING (source_id)
    WHERE first_on <= t - $source_days::INTEGER GROUP BY ALL
),
told AS (
    SELECT t, platform, source_id, market, coalesce(sum(r) FILTER (seen_on = t), 0) AS r,
           coalesce(sum(r) FILTER (seen_on < t - $gap_days::INTEGER), 0) AS r_before
    FROM days JOIN named ON seen_on BETWEEN t - $baseline_days::INTEGER - $gap_days::INTEGER AND t JOIN firsts USING (source_id)
    WHERE first_on <= t - $source_days::INTEGER GROUP BY ALL
),
whole AS (
    SELECT t, market, sum(d) AS d, sum(d_before) AS d_before, sum(d / (d_before + $prior)) AS leaning
    FROM volume GROUP BY ALL
),
named_ever AS (SELECT DISTINCT platform, market FROM named),
platforms_told AS (
    SELECT t, n.platform, n.market, coalesce(sum(o.r), 0) AS r, coalesce(sum(o.r_before), 0) AS r_before,
           coalesce(sum(v.d * o.r_before / (v.d_before + $prior)), 0) AS own
    FROM days CROSS JOIN named_ever n LEFT JOIN told o USING (t, platform, market)
    LEFT JOIN volume v USING (t, source_id, market) GROUP BY ALL
),
expected AS (
    SELECT p.*, w.d, own + $prior * greatest(r_before / greatest(w.d_before, 1), $least_share) * leaning AS e
    FROM platforms_told p JOIN whole w USING (t, market)
),
steps AS (
    SELECT *, ln($factor) * r - ($factor - 1) * e AS step FROM expected
),
sums AS (
    SELECT s.*, coalesce(m.burst, 0) + sum(step) OVER days_of AS total
    FROM steps s LEFT JOIN momentum m ON m.platform = s.platform AND m.market = s.market AND m.input = 'mentions'
     AND m.measured_on = $start::DATE - 1
    WINDOW days_of AS (PARTITION BY s.platform, s.market ORDER BY t)
)
SELECT platform, market, 'mentions' AS input, t AS measured_on, CASE WHEN d > 0 THEN r / d ELSE 0 END AS value,
       avg(CASE WHEN d > 0 THEN r / d ELSE 0 END) OVER week AS level,
       CASE WHEN e > 0 THEN (r - e) / sqrt(e) END AS z,
       total - least(0, min(total) OVER (PARTITION BY platform, market ORDER BY t)) AS burst, step
FROM sums
WINDOW week AS (PARTITION BY platform, market ORDER BY t ROWS 6 PRECEDING)
