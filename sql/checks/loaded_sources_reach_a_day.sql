-- Источник с опубликованными загрузками доходит до какого-то дня: в его строках есть даты.
-- severity: warn
SELECT source, uniqExact(unit_key, dataset) AS units
FROM ops.published
WHERE source IN
(
    SELECT source FROM marts_next.data_coverage GROUP BY source HAVING maxOrNull(data_through) IS NULL
)
GROUP BY source
ORDER BY source
