SELECT
    load_id,
    source,
    unit,
    started_at,
    if(last_status = 'running', NULL, last_at) AS finished_at,
    multiIf(last_status = 'running', 'running', last_status = 'published', 'published', 'failed') AS status,
    delivered,
    loaded,
    quarantined,
    duplicates,
    message
FROM
(
    SELECT
        e.load_id AS load_id,
        any(e.source) AS source,
        any(e.unit) AS unit,
        toDateTime(min(e.at), 'UTC') AS started_at,
        toDateTime(max(e.at), 'UTC') AS last_at,
        argMax(e.status, e.at) AS last_status,
        max(e.delivered) AS delivered,
        max(e.loaded) AS loaded,
        max(e.quarantined) AS quarantined,
        max(e.duplicates) AS duplicates,
        argMax(e.message, e.at) AS message
    FROM ops.load_events AS e
    GROUP BY e.source, e.dataset, e.unit_key, e.load_id
)
COMMENT 'Загрузки: одна строка на попытку загрузить единицу'
