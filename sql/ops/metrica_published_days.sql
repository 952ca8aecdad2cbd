(
    source LowCardinality(String) COMMENT 'Что загружено: visits визиты, hits события',
    counter_id UInt32 COMMENT 'Счётчик',
    counter_day Date COMMENT 'День в часовом поясе счётчика',
    requested_at DateTime('UTC') COMMENT 'Когда день заказан у Метрики',
    published_at DateTime64(6, 'UTC') COMMENT 'Когда опубликован'
)
AS SELECT d.source, d.counter_id, d.counter_day, d.requested_at, e.published_at
FROM core.metrica_days AS d
INNER JOIN
(
    SELECT unit_key, load_id, max(at) AS published_at
    FROM ops.load_events
    WHERE source = 'metrica' AND status = 'published'
        AND (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
    GROUP BY unit_key, load_id
) AS e ON e.unit_key = d.unit_key AND e.load_id = d.load_id
COMMENT 'Опубликованные дни счётчиков и когда они заказаны'
