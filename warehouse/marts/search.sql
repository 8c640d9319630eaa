-- Full text without an extension: how many of the words stand in title or summary, as whole words, without accents.
CREATE MACRO mart.folded(told) AS strip_accents(lower(told));
COMMENT ON MACRO mart.folded IS 'Text as search compares it: lower case, without accents (ü and u are one).';
CREATE MACRO mart.search(words) AS TABLE
SELECT d.*, len(list_intersect(
           list_distinct(regexp_extract_all(mart.folded(words), '[\p{L}\p{N}]+')),
           list_distinct(regexp_extract_all(mart.folded(d.title || ' ' || d.summary), '[\p{L}\p{N}]+')))) AS score
FROM mart.documents d
WHERE score > 0;
COMMENT ON MACRO TABLE mart.search IS 'Documents that hold any of these words, with how many of them (score); the slow way without the fts extension.';
