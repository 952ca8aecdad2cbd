-- Audience of each site over its last twelve months with data: one row per site and month.
SELECT
    site,
    period_start AS month,
    visits,
    visitors,
    is_settled
FROM marts.site_audience
WHERE grain = 'month'
    AND period_start > (
        SELECT max(period_start) FROM marts.site_audience WHERE grain = 'month'
    ) - INTERVAL 12 MONTH
ORDER BY month DESC, site
