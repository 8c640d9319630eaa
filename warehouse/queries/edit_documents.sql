-- Edited documents out of `arriving` in place of what was kept; they are read again. What was taken out on request stays out.
UPDATE documents AS d
SET title = a.title, summary = a.summary, text = a.text, text_quality = a.text_quality, content_hash = a.content_hash,
    updated_at = coalesce(a.updated_at AT TIME ZONE 'UTC', d.updated_at), reader_version = NULL
FROM arriving AS a
WHERE d.document_id = a.document_id AND d.erased_at IS NULL
RETURNING d.document_id
