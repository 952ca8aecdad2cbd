-- Отвеченных, отклонённых и просроченных запросов не больше, чем полученных.
-- severity: fail
SELECT day, sender, information_type, channel_class, requests, answered, rejected, overdue
FROM marts_next.smev_requests_daily
WHERE answered > requests OR rejected > answered OR overdue > requests
