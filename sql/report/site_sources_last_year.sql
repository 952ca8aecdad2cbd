-- Visits of the last twelve months by source: one row per source, all sites together. The year before is
-- NULL where the marts do not hold all of it.
WITH
    (SELECT max(month) FROM marts.site_sources_monthly) AS last_month,
    (SELECT min(month) FROM marts.site_sources_monthly) AS first_month,
    last_month - INTERVAL 12 MONTH AS year_before
SELECT
    traffic_source,
    last_month,
    sumIf(visits, month > year_before) AS visits_of_year,
    visits_of_year / nullIf(sum(visits_of_year) OVER (), 0) AS visit_share,
    if(
        first_month <= last_month - INTERVAL 23 MONTH,
        sumIf(visits, month <= year_before),
        NULL
    ) AS visits_year_before
FROM marts.site_sources_monthly
WHERE month > last_month - INTERVAL 24 MONTH
GROUP BY traffic_source
ORDER BY visits_of_year DESC, traffic_source
