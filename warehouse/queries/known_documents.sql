-- Ids and kept content hashes of those documents in `arriving` that are kept already.
SELECT document_id, content_hash FROM documents SEMI JOIN arriving USING (document_id)
