SELECT source, dataset, unit_key, argMax(e.unit, e.at) AS unit, load_id
FROM ops.load_events AS e
WHERE status = 'published' AND load_number IN (SELECT load_number FROM ops.published_loads)
GROUP BY source, dataset, unit_key, load_id
COMMENT 'Опубликованная версия каждой единицы загрузки'
