-- Визиты дней месяца дают визиты месяца, по каждому сайту.
-- severity: fail
SELECT counter_id, month, days, months
FROM
(
    SELECT
        counter_id,
        toStartOfMonth(period_start) AS month,
        sumIf(visits, grain = 'day') AS days,
        sumIf(visits, grain = 'month') AS months
    FROM marts_next.site_audience
    WHERE grain IN ('day', 'month')
    GROUP BY counter_id, month
)
WHERE days != months
