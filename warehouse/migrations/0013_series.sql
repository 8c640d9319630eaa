-- The number of its series in each event: many are summed by a number in a tenth of the time that three texts take, and a
-- night appends its moves without looking a series up again (docs/decisions/0027).
ALTER TABLE events ADD COLUMN series INTEGER;
UPDATE events SET series = s.series FROM evidence_series s
WHERE s.platform = events.platform AND s.jurisdiction = events.jurisdiction AND s.dimension = events.dimension;
