-- What each build derives before the marts; sql/intermediate and sql/indicators fill these tables.
CREATE TABLE IF NOT EXISTS intermediate.site_calendar
(
    counter_id UInt32 COMMENT 'Счётчик',
    day Date COMMENT 'День в поясе программы, загруженный целиком',
    is_settled Bool COMMENT 'Метрика больше не уточняет этот день',
    requested_on Date COMMENT 'Когда день заказан у Метрики, в поясе программы'
)
ENGINE = MergeTree
ORDER BY (counter_id, day)
COMMENT 'Дни сайтов, загруженные целиком; строится из core.site_days';

CREATE TABLE IF NOT EXISTS intermediate.site_hit_calendar
(
    counter_id UInt32 COMMENT 'Счётчик',
    day Date COMMENT 'День в поясе программы, события которого загружены целиком'
)
ENGINE = MergeTree
ORDER BY (counter_id, day)
COMMENT 'Дни сайтов, события которых загружены целиком; строится из core.site_hit_days';

CREATE TABLE IF NOT EXISTS intermediate.source_reach
(
    source LowCardinality(String) COMMENT 'Источник',
    data_from Nullable(Date) COMMENT 'Первый день данных',
    data_through Nullable(Date) COMMENT 'Последний день данных, не позже дня расчёта',
    last_success_at Nullable(DateTime('UTC')) COMMENT 'Последняя опубликованная загрузка'
)
ENGINE = MergeTree
ORDER BY source
COMMENT 'Докуда доходят данные каждого источника';

CREATE TABLE IF NOT EXISTS intermediate.programme_months
(
    month Date COMMENT 'Первый день месяца',
    month_end Date COMMENT 'Последний день месяца',
    year UInt16 COMMENT 'Год',
    month_number UInt8 COMMENT 'Номер месяца в году'
)
ENGINE = MergeTree
ORDER BY month
COMMENT 'Месяцы программы: с января первого года до последнего, до которого доходят данные';

CREATE TABLE IF NOT EXISTS intermediate.indicator_facts
(
    code LowCardinality(String) COMMENT 'Код показателя',
    month Date COMMENT 'Первый день месяца',
    numerator Nullable(Float64) COMMENT 'Числитель',
    denominator Nullable(Float64) COMMENT 'Знаменатель',
    fact Nullable(Float64) COMMENT 'Факт на конец месяца, в единицах показателя',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года, в единицах показателя',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных'
)
ENGINE = MergeTree
ORDER BY (code, month)
COMMENT 'Факты и прогнозы показателей; каждый считает свой файл в sql/indicators';
