-- Days of messages and polls: of sending, else of delivery, else of logging. A fault in a log does not show
-- that requests would be seen.
SELECT toDate(coalesce(sent_at, delivered_at, logged_at), {{ time_zone | literal }}) AS day
FROM core.smev_events
WHERE coalesce(sent_at, delivered_at, logged_at) IS NOT NULL AND operation != 'Fault'
