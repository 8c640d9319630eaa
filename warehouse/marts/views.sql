-- What analysts see. Names never qualify the catalog: the published copy has another one.
CREATE OR REPLACE SCHEMA mart;
CREATE VIEW mart.documents AS SELECT * EXCLUDE (text, payload_hash) FROM main.documents;
COMMENT ON VIEW mart.documents IS 'One news item or notice, as one source told it; without the page text.';
CREATE VIEW mart.signals AS SELECT * FROM main.signals;
COMMENT ON VIEW mart.signals IS 'One document''s evidence on one platform, with the quote and the rules that fired; weight is q (0-1).';
CREATE VIEW mart.events AS SELECT * EXCLUDE (series) FROM main.events;
COMMENT ON VIEW mart.events IS 'What happened, once, however often reported; credibility is P = S(1-D) over independent origins (0-1).';
CREATE VIEW mart.ledger AS SELECT * FROM main.ledger;
COMMENT ON VIEW mart.ledger IS 'Every transition of every instrument, append-only; valid_from is the world''s date, known_from ours.';
CREATE VIEW mart.ledger_review AS
SELECT r.*, e.title, e.measure, e.event_date, e.due_date, e.credibility, d.decision, d.author, d.reason AS decision_reason, d.decided_at
FROM main.ledger_review r LEFT JOIN main.events e USING (event_id) LEFT JOIN main.ledger_decisions d USING (event_id);
COMMENT ON VIEW mart.ledger_review IS 'Legal steps that the transition table or a guard refused, with the reason, and what a person decided about them.';
CREATE VIEW mart.legal_status AS
SELECT * FROM main.ledger QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction, instrument ORDER BY known_from DESC, row_id DESC) = 1;
COMMENT ON VIEW mart.legal_status IS 'Where each instrument stands today: its newest ledger row.';
CREATE VIEW mart.risk_daily AS SELECT * FROM main.risk_daily;
COMMENT ON VIEW mart.risk_daily IS 'Risk 0-100 per platform, jurisdiction and dimension; a row when it moved, valid until the next.';
CREATE VIEW mart.verdicts AS SELECT * EXCLUDE (terms_hash) FROM main.verdicts;
COMMENT ON VIEW mart.verdicts IS 'Band, score and floors per client, platform and purpose, night by night.';
CREATE VIEW mart.verdict_changes AS SELECT * FROM main.verdict_changes;
COMMENT ON VIEW mart.verdict_changes IS 'Every change of band or binding floor; baselines are marked and alert nobody.';
CREATE VIEW mart.alerts AS SELECT * FROM main.alerts;
COMMENT ON VIEW mart.alerts IS 'What somebody was told, kept for the digest, or not told, and why.';
CREATE VIEW mart.deliveries AS
SELECT m.message_id, m.client, m.channel, m.kind, m.subject, m.lang, m.status, m.queued_at, m.sent_at, d.attempt, d.attempted_at, d.status AS attempt_status, d.detail
FROM main.messages m LEFT JOIN main.deliveries d USING (message_id);
COMMENT ON VIEW mart.deliveries IS 'Messages and each attempt to hand them over; addresses and bodies stay private.';
CREATE VIEW mart.runs AS SELECT * FROM main.runs;
COMMENT ON VIEW mart.runs IS 'One row per night: outcome, counts, seconds per step, problems, and what code and configuration it used.';
CREATE VIEW mart.source_health AS SELECT * FROM main.source_health;
COMMENT ON VIEW mart.source_health IS 'How each source did on each night; never a reason to lower a risk.';
CREATE VIEW mart.sources AS SELECT * EXCLUDE (etag, last_modified, body_hash) FROM main.source_state;
COMMENT ON VIEW mart.sources IS 'What is remembered of each source: state, weighted failures, pace, and when it is asked again.';
CREATE VIEW mart.measurements AS SELECT * FROM main.measurements;
COMMENT ON VIEW mart.measurements IS 'Numbers that sources measured day by day: page views, places in charts, shares of the news.';
CREATE VIEW mart.score_terms AS
SELECT v.as_of, v.client, v.platform, v.purpose, t.kind, t.name, t.points, t.detail, t.event_ids, t.instruments
FROM main.verdicts v
JOIN main.score_terms t ON t.as_of = v.terms_as_of AND t.client = v.client AND t.platform = v.platform AND t.purpose = v.purpose;
COMMENT ON VIEW mart.score_terms IS 'Named contributions to each score; fit and risk terms sum to it.';
CREATE VIEW mart.term_evidence AS
SELECT t.as_of, t.client, t.platform, t.purpose, t.kind, t.name, t.points, e.event_id, e.title AS event_title, e.credibility,
       d.document_id, d.title, s.evidence AS quote, d.url, d.outlet, s.source_kind, s.published_at, s.lang,
       s.factuality IN ('denied', 'retracted') AS is_denial,
       row_number() OVER (PARTITION BY t.as_of, t.client, t.platform, t.purpose, t.name, s.factuality IN ('denied', 'retracted')
                          ORDER BY list_position(from_json(t.event_ids, '["VARCHAR"]'), e.event_id), s.source_kind = 'official' DESC,
                                   s.weight DESC, s.published_at, s.signal_id) AS place
FROM mart.score_terms t
JOIN main.events e ON list_contains(from_json(t.event_ids, '["VARCHAR"]'), e.event_id)
JOIN main.signals s ON s.event_id = e.event_id AND s.weight > 0 AND s.known_from <= t.as_of
JOIN main.documents d USING (document_id);
COMMENT ON VIEW mart.term_evidence IS 'The quotes behind each term, strongest first (place 1); is_denial marks those that speak against it.';
CREATE VIEW mart.access_status AS
SELECT platform, jurisdiction, CASE WHEN verb = 'lift' OR legal_stage = 'repealed' THEN 'reachable' WHEN measure = 'throttle' THEN 'throttled' ELSE 'unreachable' END AS access_state,
       event_date AS since, event_id, credibility, title
FROM main.events
WHERE factuality = 'asserted' AND NOT is_recap AND credibility >= 0.5 AND verb IN ('block', 'lift', 'nonenforce')
  AND measure IN ('full_ban', 'throttle', 'self_withdraw')
QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction ORDER BY event_date DESC, last_seen_at DESC, event_id) = 1;
COMMENT ON VIEW mart.access_status IS 'Whether a service is reported as reachable in a place: the newest believed report, which may differ from the law.';
CREATE VIEW mart.platforms AS SELECT * FROM main.platforms;
COMMENT ON VIEW mart.platforms IS 'Platforms watched.';
CREATE VIEW mart.clients AS SELECT * FROM main.clients;
COMMENT ON VIEW mart.clients IS 'Clients judged for, with markets and purposes.';
CREATE VIEW mart.constants AS SELECT * FROM main.constants;
COMMENT ON VIEW mart.constants IS 'Scalar constants of the scores; their reasons stand in config/scoring.yaml.';
CREATE MACRO mart.legal_at(valid_t, known_t) AS TABLE
SELECT * FROM main.ledger WHERE valid_from <= valid_t::DATE AND known_from <= known_t::TIMESTAMPTZ
QUALIFY row_number() OVER (PARTITION BY platform, jurisdiction, instrument ORDER BY known_from DESC, row_id DESC) = 1;
COMMENT ON MACRO TABLE mart.legal_at IS 'Legal status on a day of the world, as known at a time.';
CREATE MACRO mart.risk_at(valid_t, known_t) AS TABLE
SELECT platform, jurisdiction, dimension, arg_max(value, as_of) AS value, arg_max(low, as_of) AS low, arg_max(high, as_of) AS high, max(as_of) AS as_of
FROM main.risk_daily WHERE as_of <= least(valid_t::TIMESTAMPTZ, known_t::TIMESTAMPTZ) GROUP BY ALL;
COMMENT ON MACRO TABLE mart.risk_at IS 'Risk as computed at a time.';
-- What the days of a span have to be summed from. What was left on the Sunday before it stands for all that had left its
-- plateau by then: one move per series, as of something whose plateau ended on that Sunday (main.evidence_marks). Of a
-- materialized list DuckDB no longer knows the range of its numbers, and joins every move by a hash.
CREATE MACRO mart.evidence_moves(first_day, last_day) AS TABLE
WITH rules AS NOT MATERIALIZED (
    SELECT s.series, r.plateau_days::INTEGER AS plateau, ln(2) / r.half_life_days AS rate
    FROM main.evidence_series s JOIN main.decay_rules r USING (dimension)
),
marked AS NOT MATERIALIZED (SELECT * FROM main.evidence_marks WHERE marked_on = date_trunc('week', first_day::DATE)::DATE - 1),
unmarked AS (SELECT series FROM rules ANTI JOIN marked USING (series)),
moved AS (
    SELECT series, event_date, known_on, mass FROM main.evidence_moves
    WHERE known_on >= date_trunc('week', first_day::DATE)::DATE AND known_on <= last_day::DATE
    UNION ALL
    SELECT series, event_date, known_on, mass FROM main.evidence_moves
    WHERE known_on < date_trunc('week', first_day::DATE)::DATE AND event_date > date_trunc('week', first_day::DATE)::DATE - 15
    UNION ALL
    SELECT series, event_date, known_on, mass FROM main.evidence_moves JOIN unmarked USING (series)
    WHERE known_on < date_trunc('week', first_day::DATE)::DATE AND event_date <= date_trunc('week', first_day::DATE)::DATE - 15
)
SELECT series, plateau, rate, event_date, greatest(event_date, known_on) AS counts_from, mass::DOUBLE AS mass
FROM moved JOIN rules USING (series) WHERE greatest(event_date, known_on) <= last_day::DATE
UNION ALL
SELECT series, plateau, rate, marked_on - plateau, marked_on, fading FROM marked JOIN rules USING (series) WHERE fading <> 0;
COMMENT ON MACRO TABLE mart.evidence_moves IS 'What evidence_on and evidence_between sum, in trillionths: what each night added or took, and what was left of older things on the Sunday before.';
CREATE MACRO mart.evidence_on(one_day) AS TABLE
SELECT platform, jurisdiction, dimension, mass
FROM (
    SELECT series, greatest(0, sum(CASE WHEN m.event_date + m.plateau >= one_day::DATE THEN m.mass
                                        ELSE m.mass * exp(-m.rate * (one_day::DATE - m.event_date - m.plateau)) END)) / 1e12 AS mass
    FROM mart.evidence_moves(one_day, one_day) m GROUP BY series
) JOIN main.evidence_series USING (series);
COMMENT ON MACRO TABLE mart.evidence_on IS 'How much evidence, faded, was known at the end of a day per platform, jurisdiction and dimension.';
-- Evidence enters whole on the night we learn of it and fades from the end of its plateau: two steps per move, summed
-- per series and day and run over the days. Linear in moves and in days, where joining every event with every later day
-- would multiply them.
CREATE MACRO mart.evidence_between(first_day, last_day) AS TABLE
WITH dated AS (
    SELECT series, mass, rate, (event_date - first_day::DATE)::INTEGER + plateau AS plateau_end,
           greatest((counts_from - first_day::DATE)::INTEGER, 0) AS enters, greatest(enters, plateau_end) AS fades
    FROM mart.evidence_moves(first_day, last_day)
),
steps AS (
    SELECT series, enters AS day, mass AS whole, 0.0 AS fading FROM dated WHERE enters < fades
    UNION ALL
    SELECT series, fades, CASE WHEN enters < fades THEN -mass ELSE 0 END, mass * exp(rate * plateau_end)
    FROM dated WHERE fades <= last_day::DATE - first_day::DATE
),
daily AS (SELECT series, day, sum(whole) AS whole, sum(fading) AS fading FROM steps GROUP BY series, day),
summed AS (
    SELECT series, day, sum(whole) OVER days_of AS whole, sum(fading) OVER days_of AS fading,
           lead(day, 1, last_day::DATE - first_day::DATE + 1) OVER days_of AS until
    FROM daily WINDOW days_of AS (PARTITION BY series ORDER BY day)
)
SELECT platform, jurisdiction, dimension, first_day::DATE + t::INTEGER AS on_day,
       greatest(0, whole + fading * pow(2, -t / half_life_days)) / 1e12 AS mass
FROM (SELECT *, unnest(range(day, until)) AS t FROM summed)
JOIN (main.evidence_series JOIN main.decay_rules USING (dimension)) USING (series);
COMMENT ON MACRO TABLE mart.evidence_between IS 'How much evidence, faded, was known at the end of each day of a span per platform, jurisdiction and dimension; a series has no row before its first evidence.';
CREATE MACRO mart.verdicts_at(known_t) AS TABLE
SELECT * FROM main.verdicts WHERE as_of <= known_t::TIMESTAMPTZ
QUALIFY row_number() OVER (PARTITION BY client, platform, purpose ORDER BY as_of DESC) = 1;
COMMENT ON MACRO TABLE mart.verdicts_at IS 'The verdicts that were valid at a time.';
CREATE MACRO mart.why(client_id, platform_id, known_t) AS TABLE
SELECT v.as_of, v.purpose, v.band, v.score, v.floor, t.kind, t.name, t.points, t.detail, t.event_ids
FROM main.verdicts v
LEFT JOIN main.score_terms t ON t.as_of = v.terms_as_of AND t.client = v.client AND t.platform = v.platform AND t.purpose = v.purpose
WHERE v.client = client_id AND v.platform = platform_id AND v.as_of <= known_t::TIMESTAMPTZ
QUALIFY dense_rank() OVER (PARTITION BY v.purpose ORDER BY v.as_of DESC) = 1
ORDER BY v.purpose, abs(t.points) DESC;
COMMENT ON MACRO TABLE mart.why IS 'The newest verdicts of a client on a platform, term by term.';
CREATE VIEW mart.checks AS SELECT * FROM main.check_results;
COMMENT ON VIEW mart.checks IS 'What the data-quality checks of each night found (warehouse/checks); nothing is published while one fails.';
CREATE VIEW mart.erasures AS SELECT * FROM main.erasures;
COMMENT ON VIEW mart.erasures IS 'Content taken out on request: what, when, how much; ids, hashes and weights stay, so scores stay reproducible.';
CREATE MACRO mart.why_changed(client_id, platform_id, purpose_id, night_before, night_after) AS TABLE
WITH a AS (SELECT kind, name, points FROM mart.score_terms WHERE client = client_id AND platform = platform_id AND purpose = purpose_id AND as_of = night_before::TIMESTAMPTZ),
     b AS (SELECT kind, name, points FROM mart.score_terms WHERE client = client_id AND platform = platform_id AND purpose = purpose_id AND as_of = night_after::TIMESTAMPTZ)
SELECT kind, name, coalesce(a.points, 0) AS points_before, coalesce(b.points, 0) AS points_after, coalesce(b.points, 0) - coalesce(a.points, 0) AS difference
FROM a FULL JOIN b USING (kind, name) ORDER BY abs(difference) DESC, kind, name;
COMMENT ON MACRO TABLE mart.why_changed IS 'The terms of one verdict on two nights; the differences sum to the change of the score.';
