-- What a German brief calls a law or a case; filled from the configuration every night.
ALTER TABLE instruments ADD COLUMN name_de VARCHAR DEFAULT '';
