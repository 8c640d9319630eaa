-- A night that began and never ended: it was killed; the next one made it good.
SELECT run_id, started_at FROM runs WHERE outcome = 'running' AND as_of < (SELECT max(as_of) FROM runs)
