-- Каждый запрос отвечен в срок, просрочен или открыт, и все вместе — запросы smev_requests_daily.
-- severity: fail
SELECT
    day,
    sender,
    information_type,
    channel_class,
    sum(requests) AS termed,
    sum(split) AS split,
    sum(counted) AS counted
FROM
(
    SELECT
        day,
        sender,
        information_type,
        channel_class,
        requests,
        on_time + overdue + open AS split,
        0 AS counted
    FROM marts_next.smev_answer_terms_daily
    UNION ALL
    SELECT day, sender, information_type, channel_class, 0, 0, requests
    FROM marts_next.smev_requests_daily
)
GROUP BY day, sender, information_type, channel_class
HAVING termed != split OR termed != counted
