-- Where each platform stands in its hype, per market, on $day: spark, hype, sustained, fading or dormant.
-- A spark needs bursts in $least_inputs inputs within $hold_days of each other. Durability Q compares the last four
-- weeks, from day 29 after the peak on, with the peak week; of the news every source with itself only. What follows
-- from the stage before is hysteresis: a stage is left only by the event that ends it, never by one calm day.
WITH kept AS (
    SELECT * FROM momentum_stages WHERE as_of < $as_of
    QUALIFY row_number() OVER (PARTITION BY platform, market ORDER BY as_of DESC) = 1
),
established AS (SELECT unnest($established::VARCHAR[]) AS platform),
places AS (
    SELECT platform, market, count(DISTINCT input)::INTEGER AS inputs FROM momentum
    WHERE measured_on BETWEEN $day::DATE - $baseline_days::INTEGER AND $day::DATE GROUP BY ALL
),
bursting AS (
    SELECT d.t, m.platform, m.market, count(DISTINCT m.input) AS inputs
    FROM (SELECT unnest(generate_series($since::DATE, $day::DATE, INTERVAL 1 DAY))::DATE AS t) d
    JOIN momentum m ON m.is_burst AND m.measured_on BETWEEN d.t - $hold_days::INTEGER + 1 AND d.t
    GROUP BY ALL
),
sparks AS (
    SELECT platform, market, min(t) AS spark_on FROM bursting WHERE inputs >= $least_inputs GROUP BY ALL
),
begun AS (
    SELECT p.platform, p.market, p.inputs, coalesce(k.stage, CASE WHEN e.platform IS NULL THEN 'dormant' ELSE 'sustained' END) AS stage,
           coalesce(k.stage_since, $day::DATE) AS stage_since,
           CASE WHEN s.spark_on IS NOT NULL AND coalesce(k.stage, CASE WHEN e.platform IS NULL THEN 'dormant' ELSE 'sustained' END)
                     IN ('dormant', 'fading') AND s.spark_on > coalesce(k.stage_since, $since::DATE - 1)
                THEN s.spark_on END AS new_spark,
           k.spark_on AS old_spark
    FROM places p LEFT JOIN kept k USING (platform, market) LEFT JOIN sparks s USING (platform, market)
    LEFT JOIN established e USING (platform)
),
sparked AS (SELECT *, coalesce(new_spark, old_spark) AS spark_on FROM begun),
peaks AS (
    SELECT b.platform, b.market, m.input, max(m.level) AS peak, arg_max(m.measured_on, m.level) AS peak_on
    FROM sparked b JOIN momentum m USING (platform, market)
    WHERE m.measured_on BETWEEN b.spark_on - 7 AND $day GROUP BY ALL
),
lately AS (
    SELECT p.platform, p.market, p.input, p.peak, p.peak_on, avg(m.value) AS now, count(*) AS days
    FROM peaks p JOIN momentum m USING (platform, market, input)
    WHERE m.measured_on > greatest(p.peak_on + $q_from::INTEGER - 1, $day::DATE - ($q_to::INTEGER - $q_from::INTEGER + 1))
      AND m.measured_on <= $day
    GROUP BY ALL
),
markets AS (SELECT unnest($markets::STRUCT(label VARCHAR, market VARCHAR)[], recursive := true)),
open_days AS (
    -- Days on which nothing was collected are no days, neither of the peak week nor of the last weeks.
    SELECT p.platform, p.market, count(DISTINCT n.seen_on) FILTER (n.seen_on <= p.peak_on) AS peak_days,
           count(DISTINCT n.seen_on) FILTER (n.seen_on > greatest(p.peak_on + $q_from::INTEGER - 1,
                 $day::DATE - ($q_to::INTEGER - $q_from::INTEGER + 1))) AS late_days
    FROM lately p JOIN markets k USING (market) JOIN source_days n ON n.lang = k.label AND n.seen_on BETWEEN p.peak_on - 6 AND $day
    WHERE p.input = 'mentions' GROUP BY ALL
),
peak_weeks AS (
    SELECT p.platform, k.market, n.source_id, sum(n.documents) AS d, p.peak_on,
           sum(n.documents) * any_value(o.late_days) / any_value(o.peak_days) AS usual
    FROM lately p JOIN markets k USING (market) JOIN open_days o USING (platform, market)
    JOIN source_days n ON n.lang = k.label AND n.seen_on BETWEEN p.peak_on - 6 AND p.peak_on
    WHERE p.input = 'mentions' GROUP BY ALL
),
late_weeks AS (
    -- A source that brings much more or less than in the peak week is another selection of texts (bursts.py).
    SELECT w.platform, w.market, w.source_id, any_value(w.d) AS d_peak, any_value(w.peak_on) AS peak_on, sum(n.documents) AS d_late
    FROM peak_weeks w JOIN markets k USING (market)
    JOIN source_days n ON n.source_id = w.source_id AND n.lang = k.label
     AND n.seen_on > greatest(w.peak_on + $q_from::INTEGER - 1, $day::DATE - ($q_to::INTEGER - $q_from::INTEGER + 1))
     AND n.seen_on <= $day
    GROUP BY w.platform, w.market, w.source_id
    HAVING greatest(sqrt(d_late) - sqrt($steady_factor * any_value(w.usual)),
                    sqrt(any_value(w.usual) / $steady_factor) - sqrt(d_late)) <= $chance
),
told AS (
    SELECT w.platform, w.market, w.source_id, w.d_peak, w.d_late,
           count(DISTINCT s.document_id) FILTER (s.published_at::DATE BETWEEN w.peak_on - 6 AND w.peak_on) AS r_peak,
           count(DISTINCT s.document_id) FILTER (s.published_at::DATE > greatest(w.peak_on + $q_from::INTEGER - 1,
                 $day::DATE - ($q_to::INTEGER - $q_from::INTEGER + 1))) AS r_late
    FROM late_weeks w LEFT JOIN (
        SELECT s.platform, d.source_id, s.document_id, s.published_at FROM signals s JOIN documents d USING (document_id)
        WHERE s.known_from <= $as_of AND s.role NOT IN ('venue', 'boilerplate')
          AND s.published_at <= $day::DATE + 1
          AND s.platform IN (SELECT platform FROM late_weeks)
    ) s ON s.platform = w.platform AND s.source_id = w.source_id AND s.published_at >= w.peak_on - 6
    GROUP BY ALL
),
news AS (
    -- Too few texts to expect: nothing is known, and nothing fades. Nor does it by a few texts that are missing by chance.
    SELECT platform, market, sum(d_late * r_peak / d_peak) AS expected, sum(r_late) / expected AS q,
           (sqrt(sum(r_late)) + $chance / 2) ** 2 / expected AS q_at_most
    FROM told GROUP BY platform, market HAVING expected >= 5
),
ratios AS (
    SELECT platform, market, now / peak AS q, now / peak AS q_at_most FROM lately
    WHERE input <> 'mentions' AND peak > 0 AND days >= $q_days
    UNION ALL SELECT n.platform, n.market, n.q, n.q_at_most FROM news n JOIN lately l USING (platform, market)
    WHERE l.input = 'mentions' AND l.days >= $q_days
),
durable AS (SELECT platform, market, median(q) AS q, median(q_at_most) AS q_at_most FROM ratios GROUP BY ALL),
judged AS (
    SELECT s.*, d.q, (SELECT max(peak_on) FROM peaks p WHERE p.platform = s.platform AND p.market = s.market) AS peak_on,
           CASE
               WHEN s.stage = 'dormant' AND new_spark IS NULL THEN 'dormant'
               WHEN s.stage = 'fading' AND new_spark IS NULL
                   THEN CASE WHEN $day::DATE - s.stage_since >= $dormant_days THEN 'dormant' ELSE 'fading' END
               WHEN s.stage = 'sustained' AND (old_spark IS NULL OR d.q IS NULL OR d.q_at_most >= $fading_q) THEN 'sustained'
               WHEN $day::DATE - spark_on < $hold_days THEN 'spark'
               WHEN d.q_at_most < $fading_q THEN 'fading'
               WHEN $day::DATE - spark_on >= $sustained_days AND d.q >= $sustained_q THEN 'sustained'
               ELSE 'hype'
           END AS next_stage
    FROM sparked s LEFT JOIN durable d USING (platform, market)
)
SELECT platform, market, next_stage AS stage,
       CASE WHEN next_stage = stage AND new_spark IS NULL THEN stage_since ELSE $day::DATE END AS stage_since,
       spark_on, CASE WHEN spark_on IS NOT NULL THEN peak_on END AS peak_on, q AS durability, inputs,
       coalesce((SELECT string_agg(DISTINCT m.input, ' ' ORDER BY m.input) FROM momentum m
                 WHERE m.platform = j.platform AND m.market = j.market AND m.is_burst
                   AND m.measured_on > $day::DATE - $hold_days::INTEGER AND m.measured_on <= $day), '') AS bursting
FROM judged j
ORDER BY platform, market
