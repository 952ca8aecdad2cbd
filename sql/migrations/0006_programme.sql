-- The passport and the reference lists inside the warehouse; each build writes them.
CREATE TABLE IF NOT EXISTS reference.programme_sites
(
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    name String COMMENT 'Сайт',
    site_id UInt32 COMMENT 'Счётчик, которым сайт представлен: последний из сменивших друг друга',
    observed_from Nullable(Date) COMMENT 'Наблюдается с этого дня; пусто — с самого начала',
    observed_until Nullable(Date) COMMENT 'Наблюдается по этот день; пусто — и сейчас'
)
ENGINE = MergeTree
ORDER BY counter_id
COMMENT 'Официальные сайты из паспорта программы';

CREATE TABLE IF NOT EXISTS reference.programme_indicators
(
    position UInt8 COMMENT 'Место в паспорте',
    code LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Наименование показателя',
    unit LowCardinality(String) COMMENT 'Единица измерения',
    direction LowCardinality(String) COMMENT 'Что лучше: up больше, down меньше',
    kind LowCardinality(String)
        COMMENT 'Как считается: share доля, growth прирост, year накоплено за год, programme — за программу'
)
ENGINE = MergeTree
ORDER BY position
COMMENT 'Показатели из паспорта программы';

CREATE TABLE IF NOT EXISTS reference.programme_editions
(
    edition_date Date COMMENT 'Редакция действует с',
    document String COMMENT 'Документ',
    last_year UInt16 COMMENT 'Последний год программы по этой редакции'
)
ENGINE = MergeTree
ORDER BY edition_date
COMMENT 'Редакции программы';

CREATE TABLE IF NOT EXISTS reference.programme_targets
(
    edition_date Date COMMENT 'Редакция',
    code LowCardinality(String) COMMENT 'Код показателя',
    year UInt16 COMMENT 'Год',
    target Float64 COMMENT 'План в единицах показателя'
)
ENGINE = MergeTree
ORDER BY (edition_date, code, year)
COMMENT 'Плановые значения по редакциям';

CREATE TABLE IF NOT EXISTS reference.programme_funding
(
    edition_date Date COMMENT 'Редакция',
    year UInt16 COMMENT 'Год',
    plan Decimal(18, 2) COMMENT 'План, рублей'
)
ENGINE = MergeTree
ORDER BY (edition_date, year)
COMMENT 'Плановое финансирование по редакциям';

CREATE TABLE IF NOT EXISTS reference.holidays
(
    day Date COMMENT 'Нерабочий день',
    name String COMMENT 'Почему'
)
ENGINE = MergeTree
ORDER BY day
COMMENT 'Нерабочие праздничные и перенесённые дни из reference/holidays.csv';

CREATE TABLE IF NOT EXISTS reference.freshness_terms
(
    source LowCardinality(String) COMMENT 'Источник',
    late_after_days UInt16 COMMENT 'Данные опаздывают, если последний день старше, дней',
    why String COMMENT 'Почему столько'
)
ENGINE = MergeTree
ORDER BY source
COMMENT 'Сроки свежести из reference/freshness.csv';

CREATE TABLE IF NOT EXISTS reference.smev_kinds
(
    information_type String COMMENT 'Пространство имён вида сведений без версии',
    name String COMMENT 'Вид сведений',
    term Nullable(UInt16) COMMENT 'Срок ответа; пусто — по паспорту программы',
    unit LowCardinality(String) COMMENT 'Единица срока: hours, working_days, calendar_days'
)
ENGINE = MergeTree
ORDER BY information_type
COMMENT 'Справочник видов сведений (reference/smev_kinds.csv)';

CREATE TABLE IF NOT EXISTS reference.indicator_methods
(
    code String COMMENT 'Код показателя',
    method String COMMENT 'Код способа подсчёта',
    method_name String COMMENT 'Способ подсчёта',
    explanation String COMMENT 'Как считается показатель'
)
ENGINE = MergeTree
ORDER BY code
COMMENT 'Способы подсчёта показателей (reference/labels.yaml)';
