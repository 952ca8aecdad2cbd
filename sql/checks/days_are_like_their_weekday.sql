-- День последних двух недель не меньше 30 % медианы своего дня недели за восемь недель до него.
-- severity: warn
WITH
    days AS
    (
        -- A loaded day without a visit, and a day without a request, have no row in the marts.
        SELECT concat('site ', toString(c.counter_id)) AS what, c.day AS day, toUInt64(a.visits) AS amount
        FROM intermediate.site_calendar AS c
        LEFT JOIN
        (
            SELECT counter_id, period_start, visits FROM marts_next.site_audience WHERE grain = 'day'
        ) AS a ON a.counter_id = c.counter_id AND a.period_start = c.day
        UNION ALL
        SELECT 'smev requests', d.day, toUInt64(r.requests)
        FROM
        (
            SELECT data_from + number AS day
            FROM intermediate.source_reach
            CROSS JOIN (SELECT number FROM numbers(20000)) AS n
            -- The last day may still go on.
            WHERE source = 'smev' AND data_from + number < data_through
        ) AS d
        LEFT JOIN
        (
            SELECT day, sum(requests) AS requests FROM marts_next.smev_requests_daily GROUP BY day
        ) AS r ON r.day = d.day
    ),
    compared AS
    (
        SELECT
            what,
            day,
            amount,
            max(day) OVER (PARTITION BY what) AS last_day,
            count() OVER before AS weeks,
            -- A holiday before is no measure: the median passes over it.
            quantileExact(0.5)(amount) OVER before AS usual
        FROM days
        WINDOW before AS
        (
            PARTITION BY what, toDayOfWeek(day) ORDER BY day ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING
        )
    )
SELECT what, day, amount, usual
FROM compared
WHERE day > last_day - 14 AND weeks >= 4 AND usual >= 20 AND amount < 0.3 * usual
    AND day NOT IN (SELECT day FROM reference.holidays)
ORDER BY what, day DESC
