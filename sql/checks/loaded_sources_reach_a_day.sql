-- A source with published loads reaches a day: its rows say when something happened.
-- severity: warn
SELECT source, uniqExact(unit_key, dataset) AS units
FROM ops.published
WHERE source IN
(
    SELECT source FROM marts_next.data_coverage GROUP BY source HAVING maxOrNull(data_through) IS NULL
)
GROUP BY source
ORDER BY source
