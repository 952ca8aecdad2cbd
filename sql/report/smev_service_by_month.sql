-- Answers in time and the adapter's work: one row per month of any SMEV mart.
SELECT
    month,
    sum(of_on_time) AS on_time,
    sum(of_overdue) AS overdue,
    sum(of_open) AS open,
    if(on_time + overdue = 0, NULL, on_time / (on_time + overdue)) AS on_time_share,
    sum(of_faults) AS faults,
    argMaxOrNull(of_backlog, day) AS backlog,
    sumOrNull(of_silence) AS silent_hours,
    (SELECT data_through FROM marts.data_freshness WHERE source = 'smev') AS data_through,
    ifNull(toLastDayOfMonth(month) > data_through, false) AS is_unfinished
FROM
(
    SELECT
        toStartOfMonth(day) AS month, day,
        on_time AS of_on_time, overdue AS of_overdue, open AS of_open,
        0 AS of_faults, NULL AS of_backlog, NULL AS of_silence
    FROM marts.smev_answer_terms_daily
    UNION ALL
    SELECT toStartOfMonth(day), day, 0, 0, 0, faults, NULL, NULL FROM marts.smev_exchange_daily
    UNION ALL
    SELECT toStartOfMonth(day), day, 0, 0, 0, 0, backlog, silent_hours FROM marts.smev_adapter_daily
)
GROUP BY month
ORDER BY month
