-- Audience of all sites: one row per month. Months without data between other months are NULL.
-- Visitors of several sites are added up: one person on two sites is two visitors, as in the
-- indicator, where a visitor is a pair of site and visitor.
SELECT
    month,
    sum(toNullable(audience.visits)) AS visits,
    sum(toNullable(audience.visitors)) AS visitors,
    sum(toNullable(audience.new_visitors)) AS new_visitors,
    sum(toNullable(audience.pageviews)) AS pageviews,
    sum(toNullable(audience.bounces)) / nullIf(sum(audience.visits), 0) AS bounce_share,
    sum(audience.average_visit_seconds * audience.visits)
        / nullIf(sumIf(audience.visits, isNotNull(audience.average_visit_seconds)), 0)
        AS average_visit_seconds,
    min(toNullable(audience.is_settled)) AS is_settled,
    (SELECT data_through FROM marts.data_freshness WHERE source = 'metrica') AS data_through,
    ifNull(toLastDayOfMonth(month) > data_through, false) AS is_unfinished
FROM marts.site_audience AS audience
WHERE audience.grain = 'month'
GROUP BY audience.period_start AS month
ORDER BY month WITH FILL STEP INTERVAL 1 MONTH
