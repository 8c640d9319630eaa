-- What sources measured of a platform, per market and day, on a scale of its own: x = ln(1 + value) for page views,
-- rho = ln(201 / rank) / ln(201) for places in charts (0 when unranked). z is robust and matched by weekday over
-- $baseline_days before the last $gap_days; the burst is Page's CUSUM of z minus half of $z_level, single days capped so that none is a burst alone.
-- A day on which the source answered without the platform is a zero; a day without the source is no day.
WITH names AS (SELECT unnest($names::STRUCT(name_key VARCHAR, platform VARCHAR)[], recursive := true)),
markets AS (SELECT unnest($markets::STRUCT(label VARCHAR, market VARCHAR)[], recursive := true)),
raw AS (
    SELECT source_id, series, m.market AS label, measured_on, subject,
           CASE WHEN series LIKE 'chart_rank%' THEN ln(201 / least(value, 201)) / ln(201)
                ELSE value / coalesce(nullif(norm, 0), 1) END AS value
    FROM measurements m
    WHERE known_from <= $as_of AND measured_on BETWEEN $start::DATE - $baseline_days::INTEGER - $gap_days::INTEGER AND $day::DATE
      AND (series = 'page_views' OR series LIKE 'chart_rank%')
),
told AS (
    SELECT r.*, n.platform FROM raw r
    JOIN names n ON n.name_key = regexp_replace(lower(split_part(split_part(r.subject, ':', 1), ' - ', 1)), '[\W_]', '', 'g')
),
answered AS (SELECT DISTINCT source_id, series, label, measured_on FROM raw),
charted AS (
    -- An article is asked for one by one: only its own days count. A chart lists whom it ranks: the others are at zero.
    SELECT a.*, s.platform, coalesce(t.value, 0) AS value
    FROM answered a JOIN (SELECT DISTINCT source_id, series, label, platform FROM told) s USING (source_id, series, label)
    LEFT JOIN (SELECT source_id, series, label, measured_on, platform, max(value) AS value FROM told GROUP BY ALL) t
      USING (source_id, series, label, measured_on, platform)
    WHERE a.series LIKE 'chart_rank%' OR t.value IS NOT NULL
),
by_input AS (
    SELECT platform, coalesce(k.market, c.label) AS market, measured_on,
           CASE WHEN series LIKE 'chart_rank%' THEN 'chart' ELSE series END AS input, max(value) AS value,
           CASE WHEN input = 'chart' THEN max(value) ELSE ln(1 + max(value)) END AS x
    FROM charted c LEFT JOIN markets k ON k.label = lower(c.label) GROUP BY platform, 2, measured_on, series
),
series_of AS (SELECT platform, market, measured_on, input, max(value) AS value, max(x) AS x FROM by_input GROUP BY ALL),
before AS (
    SELECT s.platform, s.market, s.input, s.measured_on,
           count(*) AS days, count(*) FILTER (dayofweek(b.measured_on) = dayofweek(s.measured_on)) AS same_days,
           median(b.x) AS all_median, median(b.x) FILTER (dayofweek(b.measured_on) = dayofweek(s.measured_on)) AS same_median
    FROM series_of s JOIN series_of b ON b.platform = s.platform AND b.market = s.market AND b.input = s.input
     AND b.measured_on BETWEEN s.measured_on - $baseline_days::INTEGER - $gap_days::INTEGER AND s.measured_on - $gap_days::INTEGER - 1
    WHERE s.measured_on >= $start GROUP BY ALL
),
middle AS (SELECT *, CASE WHEN same_days >= 4 THEN same_median ELSE all_median END AS centre FROM before),
spread AS (
    SELECT m.platform, m.market, m.input, m.measured_on, any_value(m.centre) AS centre, any_value(m.days) AS days,
           median(abs(b.x - m.centre)) AS mad
    FROM middle m JOIN series_of b ON b.platform = m.platform AND b.market = m.market AND b.input = m.input
     AND b.measured_on BETWEEN m.measured_on - $baseline_days::INTEGER - $gap_days::INTEGER AND m.measured_on - $gap_days::INTEGER - 1
     AND (m.same_days < 4 OR dayofweek(b.measured_on) = dayofweek(m.measured_on))
    GROUP BY ALL
),
scored AS (
    SELECT s.*, CASE WHEN p.days >= $source_days THEN (s.x - p.centre) / (1.4826 * p.mad + .1) END AS z
    FROM series_of s LEFT JOIN spread p USING (platform, market, input, measured_on) WHERE s.measured_on >= $start
),
steps AS (SELECT *, greatest(-8, least(8, coalesce(z, 0))) - $z_level / 2 AS step FROM scored),
sums AS (
    SELECT c.*, coalesce(m.burst, 0) + sum(step) OVER days_of AS total
    FROM steps c LEFT JOIN momentum m ON m.platform = c.platform AND m.market = c.market AND m.input = c.input
     AND m.measured_on = $start::DATE - 1
    WINDOW days_of AS (PARTITION BY c.platform, c.market, c.input ORDER BY c.measured_on)
)
SELECT platform, market, input, measured_on, value, avg(value) OVER week AS level, z,
       total - least(0, min(total) OVER (PARTITION BY platform, market, input ORDER BY measured_on)) AS burst,
       step
FROM sums
WINDOW week AS (PARTITION BY platform, market, input ORDER BY measured_on ROWS 6 PRECEDING)
