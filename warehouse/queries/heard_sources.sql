-- Sources in `arriving` of which any document is kept.
SELECT DISTINCT source_id FROM documents SEMI JOIN arriving USING (source_id)
