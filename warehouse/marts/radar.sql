-- What analysts see of the radar; loaded after views.sql, which makes the schema.
CREATE VIEW mart.momentum AS
SELECT m.platform, m.market, m.input, m.measured_on, m.value, m.level, m.z, m.burst, m.is_burst,
       (SELECT arg_max(s.stage, s.as_of) FROM main.momentum_stages s
        WHERE s.platform = m.platform AND s.market = m.market AND s.as_of::DATE <= m.measured_on) AS stage
FROM main.momentum m;
COMMENT ON VIEW mart.momentum IS 'Attention per platform, market, input and day, with its burst, and the stage as judged up to that day.';
COMMENT ON COLUMN mart.momentum.platform IS 'Platform id.';
COMMENT ON COLUMN mart.momentum.market IS 'Jurisdiction the source stands for; GLOBAL for the English-language press and encyclopedia.';
COMMENT ON COLUMN mart.momentum.input IS 'mentions (share of the news), page_views, or chart (place in an app chart).';
COMMENT ON COLUMN mart.momentum.measured_on IS 'Day in the world, UTC.';
COMMENT ON COLUMN mart.momentum.value IS 'Share 0-1 of texts, views, or place on the scale ln(201/rank)/ln(201): 1 at the top, 0 unranked.';
COMMENT ON COLUMN mart.momentum.level IS 'Mean of value over seven days.';
COMMENT ON COLUMN mart.momentum.z IS 'Robust z against the 56 days before, same weekday; for mentions against what each source brings itself.';
COMMENT ON COLUMN mart.momentum.burst IS 'CUSUM; at 8 (config/radar.yaml) and above it is a burst.';
COMMENT ON COLUMN mart.momentum.is_burst IS 'Whether the CUSUM stands at the level of a burst and still climbs.';
COMMENT ON COLUMN mart.momentum.stage IS 'dormant, spark, hype, sustained or fading; NULL before the first judgement.';
CREATE VIEW mart.momentum_stages AS SELECT * EXCLUDE (run_id) FROM main.momentum_stages;
COMMENT ON VIEW mart.momentum_stages IS 'Where each platform stood in its hype, per market, night by night; what floor F9 reads.';
COMMENT ON COLUMN mart.momentum_stages.as_of IS 'Night that judged it.';
COMMENT ON COLUMN mart.momentum_stages.platform IS 'Platform id.';
COMMENT ON COLUMN mart.momentum_stages.market IS 'Jurisdiction, or GLOBAL.';
COMMENT ON COLUMN mart.momentum_stages.stage IS 'dormant, spark, hype, sustained or fading.';
COMMENT ON COLUMN mart.momentum_stages.stage_since IS 'Night since which the stage holds.';
COMMENT ON COLUMN mart.momentum_stages.spark_on IS 'First day on which enough inputs burst together.';
COMMENT ON COLUMN mart.momentum_stages.peak_on IS 'Day with the highest weekly mean since the spark.';
COMMENT ON COLUMN mart.momentum_stages.durability IS 'Q: attention of the last four weeks (from day 29 after the peak) over the peak week; NULL before.';
COMMENT ON COLUMN mart.momentum_stages.inputs IS 'How many inputs exist; a spark takes two.';
COMMENT ON COLUMN mart.momentum_stages.bursting IS 'Inputs that burst within the last 14 days.';
CREATE VIEW mart.candidates AS SELECT * FROM main.candidates;
COMMENT ON VIEW mart.candidates IS 'Names nobody configured that texts introduce as social services, night by night, with reasons and quotes.';
COMMENT ON COLUMN mart.candidates.as_of IS 'Night that judged it; only what was known then counts.';
COMMENT ON COLUMN mart.candidates.name_key IS 'The name in lower case without spaces and signs: what its spellings share.';
COMMENT ON COLUMN mart.candidates.name IS 'The name as most texts write it.';
COMMENT ON COLUMN mart.candidates.status IS 'candidate (shown), noticed (too thin or too steady), rejected (something else, or dismissed).';
COMMENT ON COLUMN mart.candidates.place IS 'Rank of the night, 1 first.';
COMMENT ON COLUMN mart.candidates.score IS '0-100, for ranking only: how sure a social service, how widely told, how steeply rising.';
COMMENT ON COLUMN mart.candidates.documents IS 'Texts of the last 60 days that name it.';
COMMENT ON COLUMN mart.candidates.outlets IS 'Independent origins of those texts.';
COMMENT ON COLUMN mart.candidates.first_seen_on IS 'Day of the oldest kept text that names it.';
COMMENT ON COLUMN mart.candidates.last_seen_on IS 'Day of the newest.';
COMMENT ON COLUMN mart.candidates.surfaced_at IS 'Night that first showed it.';
COMMENT ON COLUMN mart.candidates.reasons IS 'Why it is shown or not: social, spread, new, rise, chart, trend; thin, other, steady, dismissed.';
COMMENT ON COLUMN mart.candidates.evidence IS 'Up to four quotes, one per origin, strongest first.';
