-- What a German brief calls a law or a case; filled from the configuration whenever that changes.
ALTER TABLE instruments ADD COLUMN name_de VARCHAR;
UPDATE instruments SET name_de = name;
