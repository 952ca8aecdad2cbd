-- Requests and runs of Metrica loads: which log requests are ours, who holds storage there, how far a run has come.
CREATE TABLE IF NOT EXISTS ops.metrica_request_events
(
    counter_id UInt32 COMMENT 'Счётчик',
    source LowCardinality(String) COMMENT 'Что заказано: visits визиты, hits события',
    request_id UInt64 COMMENT 'Номер запроса у Метрики; 0 — ещё не известен',
    at DateTime64(6, 'UTC') COMMENT 'Когда записано',
    event Enum8(
        'ordering' = 1, 'ordered' = 2, 'published' = 3, 'cleaned' = 4, 'given_up' = 5, 'lost' = 6
    ) COMMENT 'ordering сейчас закажем, ordered заказан, published опубликован, cleaned удалён нами после публикации, given_up отдан без публикации или не принят, lost завершён Метрикой без нас',
    date1 Date COMMENT 'Первый день счётчика',
    date2 Date COMMENT 'Последний день счётчика, включительно',
    fields_hash String COMMENT 'SHA-256 имён полей, по алфавиту через запятую',
    attribution LowCardinality(String) COMMENT 'Модель атрибуции',
    ordered_at DateTime64(6, 'UTC') COMMENT 'Когда заказ отправлен Метрике',
    known_up_to UInt64 COMMENT 'Наибольший номер запроса счётчика перед заказом: наш будет больше',
    run_id String COMMENT 'Запуск Airflow',
    message String COMMENT 'Пояснение для инженера данных'
)
ENGINE = MergeTree
ORDER BY (counter_id, source, request_id, at)
COMMENT 'Журнал наших запросов к Logs API: намерение до заказа, номер после него и что с запросом стало';

CREATE VIEW IF NOT EXISTS ops.metrica_requests
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
    counter_id, request_id, source, date1, date2, ordered_at, state, state_at, run_id, message, fields_hash, attribution
FROM
(
    SELECT
        e.counter_id AS counter_id,
        e.request_id AS request_id,
        argMaxIf((e.source, e.date1, e.date2, e.ordered_at, e.fields_hash, e.attribution), e.at, e.event = 'ordered') AS ordered,
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
COMMENT 'Наши запросы к Logs API: одна строка на запрос, последнее состояние';

CREATE TABLE IF NOT EXISTS ops.metrica_storage_snapshots
(
    counter_id UInt32 COMMENT 'Счётчик',
    at DateTime64(6, 'UTC') COMMENT 'Когда Метрика показала список запросов',
    request_id UInt64 COMMENT 'Номер запроса; 0 — ни один запрос места не занимает',
    source LowCardinality(String) COMMENT 'visits визиты, hits события',
    date1 Date COMMENT 'Первый день',
    date2 Date COMMENT 'Последний день, включительно',
    status LowCardinality(String) COMMENT 'Состояние словом Метрики',
    size UInt64 COMMENT 'Занято, байт; 0, пока запрос готовится',
    owner Enum8('ours' = 1, 'foreign' = 2) COMMENT 'ours заказан нами, foreign — другой программой или человеком'
)
ENGINE = MergeTree
ORDER BY (counter_id, at, request_id)
COMMENT 'Незавершённые и неочищенные запросы счётчиков, снимок в начале каждого запуска';

CREATE VIEW IF NOT EXISTS ops.metrica_storage
(
    counter_id UInt32 COMMENT 'Счётчик',
    at DateTime64(6, 'UTC') COMMENT 'Когда Метрика показала список запросов',
    request_id UInt64 COMMENT 'Номер запроса',
    source LowCardinality(String) COMMENT 'visits визиты, hits события',
    date1 Date COMMENT 'Первый день',
    date2 Date COMMENT 'Последний день, включительно',
    status LowCardinality(String) COMMENT 'Состояние словом Метрики',
    size UInt64 COMMENT 'Занято, байт; 0, пока запрос готовится',
    owner Enum8('ours' = 1, 'foreign' = 2) COMMENT 'ours заказан нами, foreign — другой программой или человеком'
)
AS SELECT counter_id, at, request_id, source, date1, date2, status, size, owner
FROM ops.metrica_storage_snapshots
WHERE request_id != 0
    AND (counter_id, at) IN (
        SELECT s.counter_id, max(s.at) FROM ops.metrica_storage_snapshots AS s GROUP BY s.counter_id
    )
COMMENT 'Кто занимает 10 ГБ счётчика у Метрики: последний снимок, одна строка на запрос';

CREATE TABLE IF NOT EXISTS ops.metrica_run_events
(
    source LowCardinality(String) COMMENT 'Что грузит запуск: visits визиты, hits события',
    counter_id UInt32 COMMENT 'Счётчик',
    at DateTime64(6, 'UTC') COMMENT 'Когда записано',
    event Enum8('planned' = 1, 'completed' = 2) COMMENT 'planned дни намечены, completed все опубликованы',
    run_id String COMMENT 'Запуск Airflow',
    date_from Nullable(Date) COMMENT 'Параметр date_from; NULL у ночного запуска',
    date_to Nullable(Date) COMMENT 'Параметр date_to; NULL — по вчерашний день',
    forced Bool COMMENT 'Параметр force: всё заново',
    begun_at DateTime64(6, 'UTC') COMMENT 'Начало первого из запусков, которые этот продолжает: день, опубликованный позже, готов',
    days Array(Date) COMMENT 'Дни счётчика, которые должны быть опубликованы'
)
ENGINE = MergeTree
ORDER BY (source, counter_id, at)
COMMENT 'События запусков: что намечено и что закончено, по счётчикам';

CREATE VIEW IF NOT EXISTS ops.metrica_published_days
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
COMMENT 'Опубликованные дни счётчиков и когда они заказаны';

CREATE VIEW IF NOT EXISTS ops.metrica_progress
(
    run_id String COMMENT 'Запуск Airflow',
    source LowCardinality(String) COMMENT 'Что грузит запуск: visits визиты, hits события',
    counter_id UInt32 COMMENT 'Счётчик',
    date_from Nullable(Date) COMMENT 'Параметр date_from; NULL у ночного запуска',
    date_to Nullable(Date) COMMENT 'Параметр date_to; NULL — по вчерашний день',
    forced Bool COMMENT 'Параметр force: всё заново',
    planned_at DateTime64(6, 'UTC') COMMENT 'Когда дни намечены',
    begun_at DateTime64(6, 'UTC') COMMENT 'Начало первого из запусков, которые этот продолжает',
    days_planned UInt64 COMMENT 'Дней намечено',
    days_done UInt64 COMMENT 'Из них опубликовано после begun_at',
    share Float64 COMMENT 'Доля готовых дней, 0…1',
    completed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Когда опубликован последний; NULL — не закончен'
)
AS SELECT
    p.run_id,
    p.source,
    p.counter_id,
    any(p.date_from) AS date_from,
    any(p.date_to) AS date_to,
    any(p.forced) AS forced,
    any(p.planned_at) AS planned_at,
    any(p.begun_at) AS begun_at,
    count() AS days_planned,
    countIf(d.published_at >= p.begun_at) AS days_done,
    days_done / days_planned AS share,
    any(if(p.last_completed_at > p.planned_at, p.last_completed_at, NULL)) AS completed_at
FROM
(
    SELECT
        e.run_id AS run_id,
        e.source AS source,
        e.counter_id AS counter_id,
        argMaxIf((e.at, e.date_from, e.date_to, e.forced, e.begun_at, e.days), e.at, e.event = 'planned') AS plan,
        plan.1 AS planned_at,
        plan.2 AS date_from,
        plan.3 AS date_to,
        plan.4 AS forced,
        plan.5 AS begun_at,
        arrayJoin(plan.6) AS counter_day,
        maxIf(e.at, e.event = 'completed') AS last_completed_at
    FROM ops.metrica_run_events AS e
    GROUP BY e.run_id, e.source, e.counter_id
) AS p
LEFT JOIN ops.metrica_published_days AS d
    ON d.source = p.source AND d.counter_id = p.counter_id AND d.counter_day = p.counter_day
GROUP BY p.run_id, p.source, p.counter_id
COMMENT 'Ход запусков: сколько намеченных дней каждого счётчика опубликовано';
