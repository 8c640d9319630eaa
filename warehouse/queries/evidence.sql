-- The strongest quotes behind some events: one per origin; events in the order given, official first.
SELECT d.document_id, d.title, s.evidence AS quote, d.url, d.outlet, s.source_kind, s.published_at, s.lang
FROM signals s
JOIN documents d USING (document_id)
WHERE s.event_id IN (SELECT unnest($ids::VARCHAR[]))
  AND (s.factuality IN ('denied', 'retracted')) = $denying
  AND s.weight > 0
QUALIFY row_number() OVER (PARTITION BY s.origin ORDER BY list_position($ids::VARCHAR[], s.event_id), s.weight DESC, s.published_at, s.signal_id) = 1
ORDER BY list_position($ids::VARCHAR[], s.event_id), s.source_kind = 'official' DESC, s.weight DESC, s.published_at, s.signal_id
LIMIT $limit
