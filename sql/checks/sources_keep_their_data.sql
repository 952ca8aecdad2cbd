-- Источник, который доходит до дня в показанных витринах, доходит и в новых.
-- severity: fail
SELECT source, max(data_through) AS reached_before
FROM marts.data_coverage
WHERE source NOT IN (SELECT source FROM marts_next.data_coverage WHERE data_through IS NOT NULL)
GROUP BY source
HAVING reached_before IS NOT NULL
ORDER BY source
