-- SMEV requests addressed to us: one row per month of sending.
SELECT
    toStartOfMonth(day) AS month,
    sumIf(daily.requests, daily.channel_class = 'interagency') AS interagency,
    sumIf(daily.requests, daily.channel_class = 'portal') AS portal,
    sum(daily.requests) AS requests,
    sum(daily.answered) AS answered,
    sum(daily.rejected) AS rejected,
    sum(daily.overdue) AS overdue,
    sum(daily.repeats) AS repeats,
    (SELECT data_through FROM marts.data_freshness WHERE source = 'smev') AS data_through,
    ifNull(toLastDayOfMonth(month) > data_through, false) AS is_unfinished
FROM marts.smev_requests_daily AS daily
GROUP BY month
ORDER BY month
