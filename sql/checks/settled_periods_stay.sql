-- Устоявшееся не меняется: дни, которые Метрика не уточняет, показатели прошлых лет и закрытые периоды.
-- severity: warn
SELECT mart, what, period_start, shown_now, to_be_shown
FROM
(
    SELECT
        'site_audience' AS mart,
        toString(s.counter_id) AS what,
        s.period_start AS period_start,
        concat(toString(s.visits), ' visits, ', toString(s.visitors), ' visitors') AS shown_now,
        concat(toString(n.visits), ' visits, ', toString(n.visitors), ' visitors') AS to_be_shown
    FROM marts.site_audience AS s
    LEFT JOIN marts_next.site_audience AS n
        ON n.grain = s.grain AND n.counter_id = s.counter_id AND n.period_start = s.period_start
    WHERE s.grain = 'day' AND s.is_settled AND shown_now != to_be_shown
    UNION ALL
    SELECT
        'indicators_monthly',
        s.indicator,
        s.month,
        toString(s.fact),
        ifNull(toString(n.fact), '')
    FROM marts.indicators_monthly AS s
    LEFT JOIN marts_next.indicators_monthly AS n ON n.indicator = s.indicator AND n.month = s.month
    WHERE s.fact IS NOT NULL AND NOT (s.fact <=> n.fact)
        AND (
            s.year < (SELECT max(year) FROM marts.indicators_monthly) AND s.is_complete
            OR s.month IN (SELECT toStartOfMonth(period_end) FROM ops.closings)
        )
)
ORDER BY mart, what, period_start
