-- The ledger of loads: every attempt at a unit, and which version of a unit readers see.
CREATE DATABASE IF NOT EXISTS staging;
CREATE DATABASE IF NOT EXISTS core;
CREATE DATABASE IF NOT EXISTS marts;
CREATE DATABASE IF NOT EXISTS ops;

CREATE TABLE IF NOT EXISTS ops.load_events
(
    source LowCardinality(String) COMMENT 'Источник: metrica, gosuslugi, smev, registers',
    unit_key String COMMENT 'Ключ единицы загрузки: счётчик и день или хеш содержимого файла',
    unit String COMMENT 'Единица загрузки словами: счётчик и день или имя файла без персональных данных',
    load_id UUID COMMENT 'Попытка загрузки',
    status Enum8('running' = 1, 'published' = 2, 'failed' = 3, 'withdrawn' = 4) COMMENT 'Что произошло с попыткой',
    at DateTime64(6, 'UTC') COMMENT 'Когда это произошло',
    delivered UInt64 COMMENT 'Строк доставлено',
    loaded UInt64 COMMENT 'Строк загружено',
    quarantined UInt64 COMMENT 'Строк в карантине',
    duplicates UInt64 COMMENT 'Повторов внутри единицы',
    message String COMMENT 'Пояснение для инженера данных'
)
ENGINE = MergeTree
ORDER BY (source, unit_key, load_id, at)
COMMENT 'События загрузок; строка published делает версию единицы видимой';

CREATE TABLE IF NOT EXISTS ops.quarantine
(
    load_id UUID COMMENT 'Попытка загрузки',
    source LowCardinality(String) COMMENT 'Источник: metrica, gosuslugi, smev, registers',
    unit String COMMENT 'Единица загрузки: счётчик и день или файл',
    sheet String COMMENT 'Лист книги, файл внутри архива или часть выгрузки',
    line UInt64 COMMENT 'Номер строки, с единицы; 0 — файл целиком',
    field LowCardinality(String) COMMENT 'Поле, из-за которого строка не принята',
    reason String COMMENT 'Причина',
    masked_row String COMMENT 'Строка с закрытыми персональными данными'
)
ENGINE = MergeTree
ORDER BY (source, load_id, sheet, line)
COMMENT 'Карантин: строки, которые нельзя принять, с местом и причиной';

CREATE TABLE IF NOT EXISTS ops.files
(
    source LowCardinality(String) COMMENT 'Источник',
    unit_key String COMMENT 'SHA-256 содержимого',
    unit String COMMENT 'Имя, под которым файл пришёл, без персональных данных',
    modified_at DateTime64(6, 'UTC') COMMENT 'Время изменения пришедшего файла'
)
ENGINE = MergeTree
ORDER BY (source, unit_key, modified_at)
COMMENT 'Приходы файлов; то же содержимое с более поздним временем загружается заново';

CREATE TABLE IF NOT EXISTS ops.settings
(
    name String COMMENT 'Имя',
    value String COMMENT 'Значение',
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'Когда записано'
)
ENGINE = MergeTree
ORDER BY (name, at)
COMMENT 'Отпечатки настроек, которые нельзя менять между загрузками';

CREATE VIEW IF NOT EXISTS ops.published AS
SELECT source, unit_key, unit, load_id
FROM
(
    SELECT
        e.source AS source,
        e.unit_key AS unit_key,
        argMax((e.unit, e.load_id, e.status), (e.at, e.load_id)) AS last_event,
        last_event.1 AS unit,
        last_event.2 AS load_id,
        last_event.3 AS last_status
    FROM ops.load_events AS e
    WHERE e.status IN ('published', 'withdrawn')
    GROUP BY e.source, e.unit_key
)
WHERE last_status = 'published'
COMMENT 'Опубликованная версия каждой единицы загрузки';

CREATE VIEW IF NOT EXISTS ops.loads AS
SELECT
    load_id,
    source,
    unit,
    started_at,
    if(last_status = 'running', NULL, last_at) AS finished_at,
    multiIf(last_status = 'running', 'running', last_status = 'published', 'published', 'failed') AS status,
    delivered,
    loaded,
    quarantined,
    duplicates,
    message
FROM
(
    SELECT
        e.load_id AS load_id,
        any(e.source) AS source,
        any(e.unit) AS unit,
        toDateTime(min(e.at), 'UTC') AS started_at,
        toDateTime(max(e.at), 'UTC') AS last_at,
        argMax(e.status, e.at) AS last_status,
        max(e.delivered) AS delivered,
        max(e.loaded) AS loaded,
        max(e.quarantined) AS quarantined,
        max(e.duplicates) AS duplicates,
        argMax(e.message, e.at) AS message
    FROM ops.load_events AS e
    GROUP BY e.source, e.unit_key, e.load_id
)
COMMENT 'Загрузки: одна строка на попытку загрузить единицу';
