-- Каждая опубликованная загрузка сходится: получено = загружено + в карантине + повторы.
-- severity: fail
SELECT source, unit, delivered, loaded, quarantined, duplicates
FROM ops.loads
WHERE status = 'published' AND delivered != loaded + quarantined + duplicates
