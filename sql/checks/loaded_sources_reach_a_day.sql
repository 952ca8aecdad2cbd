-- A source with published loads reaches a day: its rows say when something happened.
-- severity: warn
SELECT source, count() AS loads
FROM ops.published
WHERE source NOT IN (SELECT source FROM marts_next.data_coverage WHERE data_through IS NOT NULL)
GROUP BY source
ORDER BY source
