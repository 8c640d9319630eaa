-- One verdict taken apart: the terms of its score sum to it.
SELECT purpose, band, round(score, 1) AS score, floor, kind, name, round(points, 2) AS points, detail
FROM mart.why('snack-us', 'tiktok', TIMESTAMPTZ '2025-01-20 00:00:00+00');
