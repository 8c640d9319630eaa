-- Risk of every platform x jurisdiction x dimension on one day, from events, ledger and constants.
-- Formulas: docs/method.md, "Risk". Parameters: $day, $as_of, $is_degraded, $places (jurisdictions to score).
WITH constant AS (
    SELECT max(value) FILTER (name = 'damping_exponent') AS damping_exponent,
           max(value) FILTER (name = 'due_confirmation_days') AS due_confirmation_days,
           max(value) FILTER (name = 'dormant_days') AS dormant_days,
           max(value) FILTER (name = 'challenged_factor') AS challenged_factor,
           max(value) FILTER (name = 'dormant_factor') AS dormant_factor,
           max(value) FILTER (name = 'legal_heat_factor') AS legal_heat_factor,
           max(value) FILTER (name = 'heat_ceiling_early_stage') AS heat_ceiling_early_stage,
           max(value) FILTER (name = 'heat_ceiling_no_instrument') AS heat_ceiling_no_instrument,
           max(value) FILTER (name = 'positive_heat_factor') AS positive_heat_factor,
           max(value) FILTER (name = 'shrinkage_k0') AS shrinkage_k0,
           max(value) FILTER (name = 'report_weight') AS report_weight,
           max(value) FILTER (name = 'spill_global') AS spill_global,
           max(value) FILTER (name = 'spill_parent') AS spill_parent,
           max(value) FILTER (name = 'uncertainty_points') AS uncertainty_points
    FROM constants
),
-- A rule on all platforms is a rule on each.
everyone AS (SELECT platform AS target, platform AS named FROM platforms
             UNION ALL SELECT platform, 'all_social' FROM platforms),
-- A series is one number: sorting many events by three texts costs a third more.
fresh AS (
    SELECT v.target AS platform, e.jurisdiction, e.dimension, hash(v.target, e.jurisdiction, e.dimension) AS series,
           e.polarity, e.event_id, e.event_date, e.denial, e.credibility, e.attention, e.mass,
           greatest(0, date_diff('day', e.event_date, $day::DATE)) AS age,
           CASE WHEN age <= r.plateau_days THEN 1 ELSE pow(2, -(age - r.plateau_days) / r.half_life_days) END AS m,
           -- Believed as far as a panel of the usual size would: of many origins each is a fraction of a voice.
           (1 - pow(1 - e.credibility, e.attention)) * pow(e.severity / 5.0 * e.reach * e.novelty, 1 / 3.0) AS y
    FROM events e
    JOIN everyone v ON v.named = e.platform
    JOIN decay_rules r USING (dimension)
    WHERE e.event_date <= $day::DATE AND e.first_seen_at <= $as_of AND m > 0.004
      AND (e.platform <> 'all_social' OR e.dimension IN ('legal', 'youth'))
),
-- Good news relieves what came before it, and for good: if relief faded, old harm would come back by itself.
relieved AS (
    SELECT *, coalesce(max(CASE WHEN polarity = 'positive' THEN y END)
                       OVER (PARTITION BY series ORDER BY event_date DESC
                             RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS relief
    FROM fresh
),
faded AS (
    SELECT platform, jurisdiction, dimension, series, event_id, polarity, denial, credibility, mass * m AS mass,
           -ln(1 - least(credibility, .999)) * attention * m AS doubt_removed,
           y * m * (1 - c.positive_heat_factor * relief) AS y
    FROM relieved CROSS JOIN constant c
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY series, polarity ORDER BY y DESC, event_id) AS k
    FROM faded
),
heat AS (
    SELECT platform, jurisdiction, dimension,
           100 * (1 - exp(coalesce(sum(ln(1 - least(y, .999)) / pow(k, (SELECT damping_exponent FROM constant)))
                                   FILTER (polarity = 'negative'), 0))) AS worse,
           sum(mass) AS mass,
           coalesce(sum(doubt_removed) FILTER (polarity = 'negative'), 0) AS doubt_removed,
           max(least(credibility, denial)) AS conflict,
           arg_min(event_id, k, 5) FILTER (polarity = 'negative' AND y > .01) AS event_ids
    FROM ranked GROUP BY ALL
),
newest AS (
    SELECT * FROM ledger WHERE known_from <= $as_of AND valid_from <= $day::DATE
    QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction, instrument
                               ORDER BY known_from DESC, row_id DESC) = 1
),
-- What a state weighs today: trendwarte.ledger.activity is the same in Python.
today AS (
    SELECT n.*,
           CASE WHEN n.is_due_unverified AND n.state IN ('in_force', 'enforced')
                     AND date_diff('day', n.valid_from, $day::DATE) > c.due_confirmation_days
                THEN 'delayed' ELSE n.state END AS weighed_as,
           n.state IN ('stayed', 'non_enforced', 'delayed') AND coalesce(n.due_date < $day::DATE, true)
               AND date_diff('day', n.valid_from, $day::DATE) > c.dormant_days AS is_dormant
    FROM newest n CROSS JOIN constant c
    WHERE n.measure <> 'age_limit'  -- counted in youth, by the client's own target group
),
activity AS (
    SELECT v.target AS platform, n.jurisdiction, n.instrument, n.state, n.credibility,
           CASE WHEN n.is_challenged THEN c.challenged_factor ELSE 1 END
           * CASE WHEN n.is_dormant THEN c.dormant_factor ELSE 1 END
           * g.gravity / 100 * (l.level + CASE WHEN n.due_date IS NULL OR l.rise = 0 OR n.weighed_as <> n.state THEN 0
               ELSE l.rise * pow(2, -greatest(0, date_diff('day', $day::DATE, n.due_date)) / l.rise_half_life_days)
               END) AS a
    FROM today n CROSS JOIN constant c
    JOIN everyone v ON v.named = n.platform
    JOIN gravities g USING (measure)
    JOIN state_levels l ON l.state = n.weighed_as
),
law AS (
    SELECT platform, jurisdiction,
           100 * (1 - exp(sum(ln(1 - least(a, .999)) / pow(k, (SELECT damping_exponent FROM constant))))) AS state_risk,
           max(credibility) AS credibility,
           bool_or(state NOT IN ('none', 'rejected', 'lifted', 'annulled', 'resolved')) AS has_instrument,
           bool_or(state IN ('passed_chamber', 'adopted', 'scheduled', 'in_force', 'enforced', 'delayed',
                             'non_enforced', 'stayed')) AS is_advanced
    FROM (SELECT *, row_number() OVER (PARTITION BY platform, jurisdiction ORDER BY a DESC, instrument) AS k
          FROM activity)
    GROUP BY ALL
),
places AS (SELECT unnest($places::VARCHAR[]) AS jurisdiction),
grid AS (
    SELECT p.platform, j.jurisdiction, d.dimension, coalesce(b.rate, 0) AS base
    FROM platforms p CROSS JOIN places j CROSS JOIN decay_rules d
    LEFT JOIN base_rates b ON b.platform = p.platform AND b.dimension = d.dimension
),
own AS (
    SELECT g.platform, g.jurisdiction, g.dimension, coalesce(h.mass, 0) AS mass, coalesce(h.conflict, 0) AS conflict,
           l.credibility AS law_credibility,
           CASE WHEN g.dimension = 'legal' THEN
               greatest(coalesce(l.state_risk, 0),
                        least(c.legal_heat_factor * coalesce(h.worse, 0),
                              CASE WHEN l.is_advanced THEN 100
                                   WHEN l.has_instrument THEN c.heat_ceiling_early_stage
                                   ELSE c.heat_ceiling_no_instrument END))
           -- From the base rate towards the heat, as far as adverse reports carry; weak news is never good news.
           ELSE g.base + greatest(0, coalesce(h.worse, 0) - g.base) * c.report_weight * coalesce(h.doubt_removed, 0)
                         / (c.report_weight * coalesce(h.doubt_removed, 0) + c.shrinkage_k0)
           END AS value
    FROM grid g CROSS JOIN constant c
    LEFT JOIN heat h USING (platform, jurisdiction, dimension)
    LEFT JOIN law l USING (platform, jurisdiction)
),
-- What holds above a place holds in it; what is told of the whole world weighs a little less.
spill AS (
    SELECT jurisdiction, jurisdiction AS origin, 1.0 AS share FROM places
    UNION ALL
    SELECT p.jurisdiction, j.parent, CASE WHEN j.parent = 'GLOBAL' THEN c.spill_global ELSE c.spill_parent END
    FROM places p JOIN jurisdictions j USING (jurisdiction) CROSS JOIN constant c WHERE j.parent IS NOT NULL
    UNION ALL
    SELECT p.jurisdiction, 'GLOBAL', c.spill_global
    FROM places p JOIN jurisdictions j USING (jurisdiction) CROSS JOIN constant c
    WHERE j.parent IS NOT NULL AND j.parent <> 'GLOBAL'
),
felt AS (
    -- Where the risk comes from: a market's own events stand behind it only when none above them weigh more.
    SELECT o.platform, s.jurisdiction, o.dimension, max(o.value * s.share) AS value, max(o.mass) AS mass,
           arg_max(s.origin, (o.value * s.share, s.origin = s.jurisdiction, s.share, s.origin)) AS told_in,
           max(o.conflict) AS conflict, max(o.law_credibility) AS law_credibility
    FROM spill s JOIN own o ON o.jurisdiction = s.origin GROUP BY ALL
),
before AS (
    SELECT platform, jurisdiction, dimension, arg_max(value, as_of) AS value FROM risk_daily
    WHERE $is_degraded AND as_of < $as_of GROUP BY ALL
),
risk AS (
    SELECT f.platform, f.jurisdiction, f.dimension, f.told_in,
           -- Too few sources answered: silence must not look like calm, so nothing falls tonight.
           CASE WHEN $is_degraded THEN greatest(f.value, coalesce(b.value, 0)) ELSE f.value END AS value,
           greatest(f.mass / (f.mass + c.shrinkage_k0),
                    CASE WHEN f.dimension = 'legal' THEN coalesce(f.law_credibility, 0) ELSE 0 END) AS confidence,
           c.uncertainty_points * sqrt(c.shrinkage_k0 / (f.mass + c.shrinkage_k0)) * (1 + f.conflict) AS width
    FROM felt f CROSS JOIN constant c LEFT JOIN before b USING (platform, jurisdiction, dimension)
)
-- What a term of a score rests on: the events that drive its risk, strongest first.
SELECT r.platform, r.jurisdiction, r.dimension, least(100, r.value) AS value,
       greatest(0, r.value - r.width) AS low, least(100, r.value + r.width) AS high, r.confidence, r.told_in,
       coalesce(h.event_ids, []) AS event_ids
FROM risk r
LEFT JOIN heat h ON h.platform = r.platform AND h.jurisdiction = r.told_in AND h.dimension = r.dimension
ORDER BY r.platform, r.jurisdiction, r.dimension
