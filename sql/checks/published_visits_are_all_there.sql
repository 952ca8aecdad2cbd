-- В каждом опубликованном дне счётчика столько визитов или просмотров, сколько насчитала загрузка.
-- severity: fail
SELECT e.unit AS unit, any(e.loaded) AS loaded, any(r.rows) AS rows
FROM ops.load_events AS e
LEFT JOIN
(
    SELECT unit_key, load_id, count() AS rows FROM core.metrica_visits GROUP BY unit_key, load_id
    UNION ALL
    SELECT unit_key, load_id, count() AS rows FROM core.metrica_hits GROUP BY unit_key, load_id
) AS r ON r.unit_key = e.unit_key AND r.load_id = e.load_id
WHERE e.source = 'metrica' AND e.status = 'published'
    AND (e.unit_key, e.load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
GROUP BY unit
HAVING loaded != rows
