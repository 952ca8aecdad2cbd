-- Доли лежат между 0 и 1, проценты долей — между 0 и 100.
-- severity: fail
SELECT 'site_audience' AS mart, toString(period_start) AS place, bounce_share AS value
FROM marts_next.site_audience
WHERE bounce_share NOT BETWEEN 0 AND 1
UNION ALL
SELECT 'indicators_monthly', concat(indicator, ' ', toString(month)), fact
FROM marts_next.indicators_monthly
WHERE indicator LIKE '%_share' AND fact NOT BETWEEN 0 AND 100
UNION ALL
SELECT 'eservices_ways_monthly', concat(way, ' ', toString(month)), share
FROM marts_next.eservices_ways_monthly
WHERE share NOT BETWEEN 0 AND 100
UNION ALL
SELECT 'service_quality_monthly', concat(service_code, ' ', toString(month)), share
FROM marts_next.service_quality_monthly
ARRAY JOIN [digital_share, completion_share, on_time_share] AS share
WHERE share NOT BETWEEN 0 AND 1
