-- The passport inside the warehouse, and the tables that each build derives before the marts.
CREATE TABLE IF NOT EXISTS core.programme_sites
(
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    name String COMMENT 'Сайт'
)
ENGINE = MergeTree
ORDER BY counter_id
COMMENT 'Официальные сайты из паспорта программы';

CREATE TABLE IF NOT EXISTS core.programme_indicators
(
    position UInt8 COMMENT 'Место в паспорте',
    code LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Наименование показателя',
    unit LowCardinality(String) COMMENT 'Единица измерения'
)
ENGINE = MergeTree
ORDER BY position
COMMENT 'Показатели из паспорта программы';

CREATE TABLE IF NOT EXISTS core.programme_editions
(
    edition_date Date COMMENT 'Редакция действует с',
    document String COMMENT 'Документ'
)
ENGINE = MergeTree
ORDER BY edition_date
COMMENT 'Редакции программы';

CREATE TABLE IF NOT EXISTS core.programme_targets
(
    edition_date Date COMMENT 'Редакция',
    code LowCardinality(String) COMMENT 'Код показателя',
    year UInt16 COMMENT 'Год',
    target Float64 COMMENT 'План в единицах показателя'
)
ENGINE = MergeTree
ORDER BY (edition_date, code, year)
COMMENT 'Плановые значения по редакциям';

CREATE TABLE IF NOT EXISTS core.programme_funding
(
    edition_date Date COMMENT 'Редакция',
    year UInt16 COMMENT 'Год',
    plan Decimal(18, 2) COMMENT 'План, рублей'
)
ENGINE = MergeTree
ORDER BY (edition_date, year)
COMMENT 'Плановое финансирование по редакциям';

CREATE TABLE IF NOT EXISTS core.site_calendar
(
    counter_id UInt32 COMMENT 'Счётчик',
    day Date COMMENT 'День в поясе программы, загруженный целиком',
    is_settled Bool COMMENT 'Метрика больше не уточняет этот день',
    requested_on Date COMMENT 'Когда день заказан у Метрики, в поясе программы'
)
ENGINE = MergeTree
ORDER BY (counter_id, day)
COMMENT 'Дни сайтов, загруженные целиком; строится из core.site_days';

CREATE TABLE IF NOT EXISTS core.source_reach
(
    source LowCardinality(String) COMMENT 'Источник',
    data_from Nullable(Date) COMMENT 'Первый день данных',
    data_through Nullable(Date) COMMENT 'Последний день данных, не позже дня расчёта',
    last_success_at Nullable(DateTime('UTC')) COMMENT 'Последняя опубликованная загрузка'
)
ENGINE = MergeTree
ORDER BY source
COMMENT 'Докуда доходят данные каждого источника';

CREATE TABLE IF NOT EXISTS core.programme_months
(
    month Date COMMENT 'Первый день месяца',
    month_end Date COMMENT 'Последний день месяца',
    year UInt16 COMMENT 'Год',
    month_number UInt8 COMMENT 'Номер месяца в году'
)
ENGINE = MergeTree
ORDER BY month
COMMENT 'Месяцы программы: с января первого года до последнего, до которого доходят данные';

CREATE TABLE IF NOT EXISTS core.indicator_facts
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

CREATE TABLE IF NOT EXISTS core.freshness_terms
(
    source LowCardinality(String) COMMENT 'Источник',
    late_after_days UInt16 COMMENT 'Данные опаздывают, если последний день старше, дней',
    why String COMMENT 'Почему столько'
)
ENGINE = MergeTree
ORDER BY source
COMMENT 'Сроки свежести из reference/freshness.csv';
