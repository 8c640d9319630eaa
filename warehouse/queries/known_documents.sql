-- Ids and kept content hashes of those documents in `arriving` that are kept already. Some sources give the same entry a
-- new id each time: with the address and the words of one they told before, it is that one. (`url` is empty where the
-- entry has no guid: then its id is its address.)
SELECT d.document_id, d.content_hash FROM documents AS d SEMI JOIN arriving USING (document_id)
UNION ALL
SELECT a.document_id, a.content_hash
FROM arriving AS a SEMI JOIN documents AS d USING (source_id, url, content_hash)
WHERE a.url <> '' AND a.document_id NOT IN (SELECT document_id FROM documents SEMI JOIN arriving USING (document_id))
