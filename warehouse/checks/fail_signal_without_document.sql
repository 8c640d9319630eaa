-- Every signal rests on a document that is kept.
SELECT signal_id, document_id FROM signals WHERE document_id NOT IN (SELECT document_id FROM documents)
