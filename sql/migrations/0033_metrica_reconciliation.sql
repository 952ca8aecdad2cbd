-- What Metrica itself reports of each counter day, and the comparison with what was loaded.
CREATE TABLE IF NOT EXISTS core.metrica_reported_days
(
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    counter_day Date COMMENT 'День в часовом поясе счётчика',
    visits UInt64 COMMENT 'Визиты по отчёту',
    users UInt64 COMMENT 'Посетители по отчёту',
    pageviews UInt64 COMMENT 'Просмотры страниц по отчёту',
    is_sampled Bool COMMENT 'Отчёт посчитан по выборке',
    sample_share Float64 COMMENT 'Доля визитов в выборке, 0…1',
    reported_at DateTime('UTC') COMMENT 'Когда получен отчёт; верен последний'
)
ENGINE = MergeTree
ORDER BY (counter_id, counter_day, reported_at)
COMMENT 'Дни счётчиков по отчётам Метрики (Reporting API, accuracy=full)';

CREATE TABLE IF NOT EXISTS marts.metrica_reconciliation
(
    day Date COMMENT 'День в часовом поясе счётчика',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    visits UInt64 COMMENT 'Визиты: загружено',
    reported_visits Nullable(UInt64) COMMENT 'Визиты: в отчёте Метрики; пусто, если день не сверялся',
    visitors UInt64 COMMENT 'Посетители: загружено',
    reported_visitors Nullable(UInt64) COMMENT 'Посетители: в отчёте Метрики',
    pageviews UInt64 COMMENT 'Просмотры страниц: загружено',
    reported_pageviews Nullable(UInt64) COMMENT 'Просмотры страниц: в отчёте Метрики',
    visits_difference Nullable(Float64)
        COMMENT 'Визиты: (загружено − в отчёте) / в отчёте; 0, если оба 0; пусто, если сравнить не с чем',
    visitors_difference Nullable(Float64) COMMENT 'Посетители: то же отклонение',
    pageviews_difference Nullable(Float64) COMMENT 'Просмотры страниц: то же отклонение',
    is_sampled Nullable(Bool) COMMENT 'Отчёт посчитан по выборке: отклонение может быть её погрешностью',
    sample_share Nullable(Float64) COMMENT 'Доля визитов в выборке отчёта, 0…1',
    is_within_tolerance Nullable(Bool) COMMENT 'Все три отклонения не больше 1 %; пусто, если день не сверялся',
    compared_at Nullable(DateTime('UTC')) COMMENT 'Когда получен отчёт Метрики'
)
ENGINE = MergeTree
ORDER BY (day, counter_id)
COMMENT 'Сверка загруженных визитов с отчётами Метрики по устоявшимся дням';
