-- Evidence as sums that only grow (docs/decisions/0027): what each night added to a series, or took from it, per day of
-- the world. Rows are appended and dated by the night that learned of them; so the sums of a past night never change.

CREATE TABLE evidence_series (
    series INTEGER PRIMARY KEY,
    platform VARCHAR NOT NULL,
    jurisdiction VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL
);
-- Whole trillionths: what is added and taken away again leaves nothing, in whatever order.
CREATE TABLE evidence_moves (
    known_on DATE NOT NULL,
    series INTEGER NOT NULL,
    event_date DATE NOT NULL,
    mass BIGINT NOT NULL
);
-- On some Sundays: what was left of everything that had happened two weeks before or earlier.
CREATE TABLE evidence_marks (
    marked_on DATE NOT NULL,
    series INTEGER NOT NULL,
    fading DOUBLE NOT NULL
);
-- Of earlier nights only the first report of each event is dated; what joined it later counts from there, as before.
INSERT INTO evidence_series
SELECT row_number() OVER (ORDER BY platform, jurisdiction, dimension), *
FROM (SELECT DISTINCT platform, jurisdiction, dimension FROM events);
INSERT INTO evidence_moves
SELECT DATE '1970-01-01' + (epoch_us(first_seen_at) // 86400000000)::INTEGER AS known_on, series, event_date,
       sum(floor(mass * 1e12))::BIGINT
FROM events JOIN evidence_series USING (platform, jurisdiction, dimension)
GROUP BY known_on, series, event_date ORDER BY known_on, series;
