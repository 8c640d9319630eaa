-- New documents out of `arriving` (warehouse/documents.py), whose times are UTC and whose empty texts stand for none.
INSERT INTO documents (
    document_id, source_id, url, title, summary, outlet, source_kind, published_at, first_seen_at, content_hash, guid,
    text, text_quality, lang, published_raw, updated_at, flags, payload_hash
)
SELECT
    document_id, source_id, url, title, summary, outlet, source_kind, published_at AT TIME ZONE 'UTC',
    first_seen_at AT TIME ZONE 'UTC', content_hash, nullif(guid, ''), text, text_quality, lang, published_raw,
    updated_at AT TIME ZONE 'UTC', flags, nullif(payload_hash, '')
FROM arriving
