(
    source LowCardinality(String) COMMENT 'Что загружено: visits визиты, hits события',
    counter_id UInt32 COMMENT 'Счётчик',
    counter_day Date COMMENT 'День в часовом поясе счётчика',
    time_zone LowCardinality(String)
        COMMENT 'Часовой пояс счётчика при загрузке; после его смены день может быть загружен и в новом',
    from_at DateTime('UTC') COMMENT 'Начало дня',
    until_at DateTime('UTC') COMMENT 'Конец дня, не включительно',
    requested_at DateTime('UTC') COMMENT 'Когда день заказан у Метрики',
    settling_days UInt16 COMMENT 'Сколько суток Метрика уточняла день по паспорту, когда он заказан',
    published_at DateTime64(6, 'UTC') COMMENT 'Когда опубликован',
    unit_key String COMMENT 'Ключ единицы загрузки',
    load_id UUID COMMENT 'Загрузка'
)
AS SELECT
    d.source,
    d.counter_id,
    d.counter_day,
    d.time_zone,
    d.from_at,
    d.until_at,
    d.requested_at,
    d.settling_days,
    e.published_at,
    d.unit_key,
    d.load_id
FROM core.metrica_days AS d
INNER JOIN
(
    SELECT load_number, max(at) AS published_at
    FROM ops.load_events
    WHERE source = 'metrica' AND status = 'published'
        AND load_number IN (SELECT load_number FROM ops.published_loads)
    GROUP BY load_number
) AS e ON e.load_number = d.load_number
COMMENT 'Опубликованные дни счётчиков и когда они заказаны'
