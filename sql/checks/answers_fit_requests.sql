-- No more requests answered, rejected or overdue than received.
SELECT day, sender, information_type, channel_class, requests, answered, rejected, overdue
FROM marts.smev_requests_daily
WHERE answered > requests OR rejected > answered OR overdue > requests
