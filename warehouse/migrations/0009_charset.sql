-- The encoding an answer was read in, and what it was taken from: a wrong guess must be found again.
ALTER TABLE payloads ADD COLUMN charset VARCHAR DEFAULT '';
