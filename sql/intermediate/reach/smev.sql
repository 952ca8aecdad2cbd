-- Days that messages speak of.
SELECT toDate(coalesce(sent_at, delivered_at, logged_at), {{ time_zone | literal }}) AS day
FROM core.smev_events
WHERE coalesce(sent_at, delivered_at, logged_at) IS NOT NULL
