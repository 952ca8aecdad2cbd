-- The ledger of loads: every attempt at a unit, the rows not taken, and what is doubtful.
CREATE DATABASE IF NOT EXISTS staging;
CREATE DATABASE IF NOT EXISTS core;
CREATE DATABASE IF NOT EXISTS intermediate;
CREATE DATABASE IF NOT EXISTS reference;
CREATE DATABASE IF NOT EXISTS mart_rows;
CREATE DATABASE IF NOT EXISTS marts;
CREATE DATABASE IF NOT EXISTS marts_next;
CREATE DATABASE IF NOT EXISTS ops;

CREATE TABLE IF NOT EXISTS ops.load_events
(
    source LowCardinality(String) COMMENT 'Источник: metrica, gosuslugi, smev, registers',
    dataset LowCardinality(String)
        COMMENT 'Что загружено под этим ключом: visits визиты, hits события; пусто у файлов',
    unit_key String COMMENT 'Ключ единицы загрузки: счётчик и день или хеш содержимого файла',
    unit String COMMENT 'Единица загрузки словами: счётчик и день или имя файла без персональных данных',
    load_id UUID COMMENT 'Попытка загрузки',
    status Enum8('running' = 1, 'published' = 2, 'failed' = 3, 'withdrawn' = 4)
        COMMENT 'Что произошло с попыткой',
    at DateTime64(6, 'UTC') COMMENT 'Когда это произошло',
    delivered UInt64 COMMENT 'Строк доставлено',
    loaded UInt64 COMMENT 'Строк загружено',
    quarantined UInt64 COMMENT 'Строк в карантине',
    duplicates UInt64 COMMENT 'Повторов внутри единицы',
    message String COMMENT 'Пояснение для инженера данных'
)
ENGINE = MergeTree
ORDER BY (source, dataset, unit_key, load_id, at)
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

CREATE TABLE IF NOT EXISTS ops.load_warnings
(
    load_id UUID COMMENT 'Попытка загрузки',
    source LowCardinality(String) COMMENT 'Источник: metrica, gosuslugi, smev, registers',
    unit String COMMENT 'Единица загрузки: счётчик и день или файл',
    sheet String COMMENT 'Лист книги, файл внутри архива или часть выгрузки',
    line UInt64 COMMENT 'Номер строки, с единицы; 0 — таблица целиком',
    code LowCardinality(String) COMMENT 'Вид замечания: unknown_status, unknown_channel',
    text String COMMENT 'Что сомнительно, без персональных данных',
    times UInt64 COMMENT 'Сколько раз встретилось'
)
ENGINE = MergeTree
ORDER BY (source, load_id, code)
COMMENT 'Замечания к загрузкам: что загружено, но сомнительно';

CREATE TABLE IF NOT EXISTS ops.files
(
    source LowCardinality(String) COMMENT 'Источник',
    unit_key String COMMENT 'SHA-256 содержимого',
    unit String COMMENT 'Имя, под которым файл пришёл, без персональных данных',
    modified_at DateTime64(6, 'UTC') COMMENT 'Время изменения пришедшего файла',
    size UInt64 COMMENT 'Размер, байт'
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

CREATE TABLE IF NOT EXISTS core.loaded_tables
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги или файл архива',
    kind LowCardinality(String)
        COMMENT 'Что за таблица: applications, catalogue, workplaces, departments, events, budget'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet)
COMMENT 'Таблицы, найденные в загруженных файлах';
