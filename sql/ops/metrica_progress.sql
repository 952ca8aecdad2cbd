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
        argMaxIf(
            (e.at, e.date_from, e.date_to, e.forced, e.begun_at, e.days),
            e.at,
            e.event = 'planned'
        ) AS plan,
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
LEFT JOIN
(
    SELECT source, counter_id, counter_day, max(published_at) AS published_at
    FROM ops.metrica_published_days
    GROUP BY source, counter_id, counter_day
) AS d
    ON d.source = p.source AND d.counter_id = p.counter_id AND d.counter_day = p.counter_day
GROUP BY p.run_id, p.source, p.counter_id
COMMENT 'Ход запусков: сколько намеченных дней каждого счётчика опубликовано'
