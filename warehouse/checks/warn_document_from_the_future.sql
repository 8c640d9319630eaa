-- A source that dates its entries ahead: its clock or its time zone is wrong.
SELECT source_id, document_id, published_at, first_seen_at FROM documents WHERE published_at > first_seen_at + INTERVAL 2 DAY
