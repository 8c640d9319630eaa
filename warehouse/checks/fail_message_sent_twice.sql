-- A message that was taken is not handed over again.
SELECT message_id, count(*) AS times FROM deliveries WHERE status = 'sent' GROUP BY ALL HAVING count(*) > 1
