-- Days of messages and log lines: of sending, else of delivery, else of logging.
SELECT toDate(coalesce(sent_at, delivered_at, logged_at), {{ time_zone | literal }}) AS day
FROM core.smev_events
WHERE coalesce(sent_at, delivered_at, logged_at) IS NOT NULL
