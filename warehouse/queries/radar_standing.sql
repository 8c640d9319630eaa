-- What is known on $day of every name that texts introduced within the window: how far it is a social service, who
-- speaks of it, since when, and how much more than before. A source is compared with itself only: $established days
-- of its own history come first, so feeds that are added or lost overnight neither make a name new nor make it rise.
WITH recent AS (
    SELECT * FROM radar_contexts
    WHERE known_from <= $as_of AND seen_on <= $day AND seen_on > $day - $window_days::INTEGER
),
by_origin AS (
    SELECT name_key, origin, max(weight) AS weight, bool_or(kind IN ('social', 'rival', 'move')) AS is_said
    FROM recent GROUP BY ALL
),
kinds AS (
    -- Noisy-or over independent origins: a second outlet that says the same counts, a second copy does not.
    SELECT name_key, 1 - exp(sum(ln(1 - coalesce(weight, 0)))) AS social,
           (count(*) FILTER (is_said))::INTEGER AS social_origins
    FROM by_origin GROUP BY name_key HAVING bool_or(is_said)
),
said AS (
    -- What a name is called in a whole year: a streaming service stays one when somebody says "video app" once.
    SELECT name_key, mode(name) FILTER (kind <> 'other') AS name,
           count(DISTINCT document_id) FILTER (kind IN ('social', 'rival', 'move'))::INTEGER AS said_social,
           count(DISTINCT document_id) FILTER (kind IN ('social', 'rival', 'move') AND seen_on > $day - $window_days::INTEGER)::INTEGER AS said_lately,
           count(DISTINCT document_id) FILTER (kind = 'other')::INTEGER AS said_other
    FROM radar_contexts SEMI JOIN kinds USING (name_key)
    WHERE known_from <= $as_of AND seen_on <= $day AND seen_on > $day - $history_days::INTEGER GROUP BY name_key
),
outlets AS (
    SELECT outlet, min(seen_on) AS first_day,
           sum(documents) FILTER (seen_on > $day - $established_days::INTEGER) AS now,
           sum(documents) FILTER (seen_on <= $day - $established_days::INTEGER) AS before
    FROM source_days WHERE seen_on <= $day AND seen_on > $day - $history_days::INTEGER GROUP BY outlet
),
named AS (
    SELECT m.*, o.first_day, m.seen_on >= o.first_day + $established_days::INTEGER AS is_established
    FROM radar_mentions m JOIN kinds USING (name_key) JOIN outlets o USING (outlet)
    WHERE m.known_from <= $as_of AND m.seen_on <= $day
),
counted AS (
    SELECT name_key,
           count(*) FILTER (seen_on > $day - $window_days::INTEGER)::INTEGER AS documents,
           count(DISTINCT origin) FILTER (seen_on > $day - $window_days::INTEGER)::INTEGER AS outlets,
           count(DISTINCT origin) FILTER (is_established AND seen_on > $day - $window_days::INTEGER)::INTEGER AS established,
           min(seen_on) AS first_seen_on, max(seen_on) AS last_seen_on
    FROM named GROUP BY name_key
),
by_outlet AS (
    SELECT name_key, outlet,
           count(*) FILTER (seen_on > $day - $established_days::INTEGER) AS now,
           count(*) FILTER (seen_on <= $day - $established_days::INTEGER) AS before
    FROM named WHERE seen_on > $day - $history_days::INTEGER AND first_day <= $day - 2 * $established_days::INTEGER
    GROUP BY ALL
),
shares AS (
    SELECT b.name_key, sum(b.now)::INTEGER AS seen, sum(b.now + b.before) AS n,
           sum(b.now) / sum(b.now + b.before) AS share,
           -- What would have come lately, had each outlet named it evenly in all its texts.
           sum((b.now + b.before) * coalesce(o.now, 0) / (coalesce(o.now, 0) + o.before)) / sum(b.now + b.before) AS even,
           (sum(b.now) + .5) / (sum(coalesce(o.now, 0) * b.before / greatest(coalesce(o.before, 0), 1)) + .5) AS rise
    FROM by_outlet b JOIN outlets o USING (outlet) WHERE o.before > 0 GROUP BY b.name_key
),
rises AS (
    -- Chernoff's bound, in nats: how unlikely so many lately would be. It holds for unequal outlets (Hoeffding 1956).
    SELECT name_key, seen, rise,
           CASE WHEN share <= even OR even >= 1 THEN 0
                ELSE n * (share * ln(share / greatest(even, 1e-9)) + CASE WHEN share < 1 THEN (1 - share) * ln((1 - share) / (1 - even)) ELSE 0 END)
           END AS surprise
    FROM shares
)
SELECT k.name_key, s.name, k.social, k.social_origins, s.said_social, s.said_other, s.said_lately,
       coalesce(c.documents, 0) AS documents, coalesce(c.outlets, 0) AS outlets, coalesce(c.established, 0) AS established,
       c.first_seen_on, c.last_seen_on, coalesce(r.seen, 0) AS seen_now, coalesce(r.rise, 1.0) AS rise,
       coalesce(r.surprise, 0.0) AS surprise
FROM kinds k JOIN said s USING (name_key) JOIN counted c USING (name_key) LEFT JOIN rises r USING (name_key)
ORDER BY k.name_key
