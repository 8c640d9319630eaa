-- Events of some days that were known on a later one, each for itself: few of them share a series and both days.
SELECT series, (event_date - $first::DATE)::INTEGER AS told,
       greatest(epoch_us(first_seen_at) // 86400000000 - ($first::DATE - DATE '1970-01-01'), 0)::INTEGER AS enters,
       floor(mass * 1e12) AS mass
FROM main.events
WHERE event_date BETWEEN $begin::DATE AND $end::DATE
  AND first_seen_at >= make_timestamptz((event_date - DATE '1969-12-31') * 86400000000)
  AND first_seen_at < make_timestamptz(($last::DATE - DATE '1969-12-31') * 86400000000)
