-- Ни одно записанное время не впереди часов: они шли неверно тогда или идут неверно сейчас.
-- severity: warn
SELECT source, unit, max(at) AS recorded_at
FROM
(
    SELECT source, unit, at FROM ops.load_events
    UNION ALL
    SELECT source, unit, modified_at FROM ops.files
    UNION ALL
    SELECT 'metrica', concat(toString(counter_id), '/', toString(counter_day)), requested_at
    FROM core.metrica_days
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
    UNION ALL
    SELECT 'marts', toString(build), at FROM ops.mart_builds
)
WHERE at > now64(6, 'UTC') + INTERVAL 5 MINUTE
GROUP BY source, unit
ORDER BY source, unit
