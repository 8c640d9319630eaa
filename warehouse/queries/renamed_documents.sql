-- Documents in `arriving` that are kept under another id: same source, same address, same words.
SELECT a.document_id, a.content_hash
FROM documents AS d JOIN arriving AS a USING (source_id, url, content_hash)
WHERE a.url <> ''
