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

CREATE TABLE IF NOT EXISTS intermediate.source_days
(
    source LowCardinality(String) COMMENT 'Источник',
    day Date COMMENT 'День, о котором говорят данные источника'
)
ENGINE = MergeTree
ORDER BY (source, day)
COMMENT 'Дни, о которых говорят данные источников, не позже дня расчёта';

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

CREATE TABLE IF NOT EXISTS intermediate.indicator_days
(
    code LowCardinality(String) COMMENT 'Код показателя',
    month Date COMMENT 'Первый день месяца',
    month_end Date COMMENT 'Последний день месяца',
    year UInt16 COMMENT 'Год',
    as_of Nullable(Date) COMMENT 'День, по который показатель посчитан в этом месяце; пусто, если данных нет',
    as_of_before Nullable(Date) COMMENT 'Тот же день годом раньше; 29 февраля — 28 февраля',
    is_complete Nullable(Bool) COMMENT 'Это последний день месяца'
)
ENGINE = MergeTree
ORDER BY (code, month)
COMMENT 'По какой день посчитан каждый показатель в каждом месяце';

CREATE TABLE IF NOT EXISTS intermediate.compared_days
(
    year UInt16 COMMENT 'Год',
    site_id UInt32 COMMENT 'Сайт: последний из счётчиков, сменивших друг друга',
    day Date COMMENT 'День года',
    base_day Date COMMENT 'Тот же день базового года',
    is_observed Bool COMMENT 'Сайт наблюдается в оба дня',
    is_matched Bool COMMENT 'Оба дня загружены целиком'
)
ENGINE = MergeTree
ORDER BY (year, site_id, day)
COMMENT 'Дни сайтов, которые сравниваются с теми же днями базового года';

CREATE TABLE IF NOT EXISTS intermediate.indicator_facts
(
    code LowCardinality(String) COMMENT 'Код показателя',
    month Date COMMENT 'Первый день месяца',
    numerator Nullable(Float64) COMMENT 'Числитель',
    denominator Nullable(Float64) COMMENT 'Знаменатель',
    fact Nullable(Float64) COMMENT 'Факт на день расчёта, в единицах показателя',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года, в единицах показателя',
    fact_before Nullable(Float64) COMMENT 'Прирост на тот же день год назад; пусто у остальных показателей',
    gain_per_day Nullable(Float64) COMMENT 'Прибавка за день у накопленного за программу',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных'
)
ENGINE = MergeTree
ORDER BY (code, month)
COMMENT 'Факты и прогнозы показателей; каждый считает свой файл в sql/indicators';
