SELECT source, dataset, unit_key, unit, load_id
FROM
(
    SELECT
        e.source AS source,
        e.dataset AS dataset,
        e.unit_key AS unit_key,
        argMax((e.unit, e.load_id, e.status), (e.at, e.load_id)) AS last_event,
        last_event.1 AS unit,
        last_event.2 AS load_id,
        last_event.3 AS last_status
    FROM ops.load_events AS e
    WHERE e.status IN ('published', 'withdrawn')
    GROUP BY e.source, e.dataset, e.unit_key
)
WHERE last_status = 'published'
COMMENT 'Опубликованная версия каждой единицы загрузки'
