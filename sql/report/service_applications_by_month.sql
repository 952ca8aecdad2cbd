-- Applications by channel: one row per month of filing, all services together.
SELECT
    month,
    sumIf(applied.applications, applied.channel = 'ЕПГУ') AS federal_portal,
    sumIf(applied.applications, applied.channel = 'РПГУ') AS regional_portal,
    sumIf(applied.applications, applied.channel = 'МФЦ') AS service_centre,
    sumIf(applied.applications, applied.channel = 'лично') AS in_person,
    sumIf(applied.applications, applied.channel = 'почта') AS by_post,
    sumIf(
        applied.applications,
        applied.channel NOT IN ('ЕПГУ', 'РПГУ', 'МФЦ', 'лично', 'почта')
    ) AS other,
    sum(applied.applications) AS applications,
    sumIf(applied.applications, applied.is_electronic) / nullIf(sum(applied.applications), 0)
        AS electronic_share,
    sum(applied.on_time) AS on_time,
    sum(applied.overdue) AS overdue,
    (SELECT data_through FROM marts.data_freshness WHERE source = 'gosuslugi') AS data_through,
    ifNull(toLastDayOfMonth(month) > data_through, false) AS is_unfinished
FROM marts.service_applications_monthly AS applied
GROUP BY applied.month AS month
ORDER BY month
