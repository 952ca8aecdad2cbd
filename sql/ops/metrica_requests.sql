(
    counter_id UInt32 COMMENT 'Счётчик',
    request_id UInt64 COMMENT 'Номер запроса у Метрики',
    source LowCardinality(String) COMMENT 'Что заказано: visits визиты, hits события',
    date1 Date COMMENT 'Первый день счётчика',
    date2 Date COMMENT 'Последний день счётчика, включительно',
    ordered_at DateTime64(6, 'UTC') COMMENT 'Когда заказан',
    state LowCardinality(String) COMMENT 'Последнее событие: ordered, published, cleaned, given_up, lost',
    state_at DateTime64(6, 'UTC') COMMENT 'Когда оно записано',
    run_id String COMMENT 'Запуск Airflow, который его записал',
    message String COMMENT 'Пояснение для инженера данных',
    fields_hash String COMMENT 'SHA-256 имён полей, по алфавиту через запятую',
    attribution LowCardinality(String) COMMENT 'Модель атрибуции'
)
AS SELECT
    counter_id,
    request_id,
    source,
    date1,
    date2,
    ordered_at,
    state,
    state_at,
    run_id,
    message,
    fields_hash,
    attribution
FROM
(
    SELECT
        e.counter_id AS counter_id,
        e.request_id AS request_id,
        argMaxIf(
            (e.source, e.date1, e.date2, e.ordered_at, e.fields_hash, e.attribution),
            e.at,
            e.event = 'ordered'
        ) AS ordered,
        ordered.1 AS source,
        ordered.2 AS date1,
        ordered.3 AS date2,
        ordered.4 AS ordered_at,
        toString(argMax(e.event, (e.at, e.event))) AS state,
        max(e.at) AS state_at,
        argMax(e.run_id, (e.at, e.event)) AS run_id,
        argMax(e.message, (e.at, e.event)) AS message,
        ordered.5 AS fields_hash,
        ordered.6 AS attribution
    FROM ops.metrica_request_events AS e
    WHERE e.request_id != 0
    GROUP BY e.counter_id, e.request_id
    HAVING countIf(e.event = 'ordered') > 0
)
COMMENT 'Наши запросы к Logs API: одна строка на запрос, последнее состояние'
