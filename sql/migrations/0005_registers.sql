-- Registers kept by hand: rows of dated versions, under their load.
CREATE TABLE IF NOT EXISTS core.workplace_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла: решает, какой из равных по дате позже',
    as_of Date COMMENT 'На дату',
    number String COMMENT 'Номер рабочего места',
    department String COMMENT 'Подразделение',
    has_pc Bool COMMENT 'Есть ПК',
    has_protection Bool COMMENT 'Есть СЗИ',
    has_edms Bool COMMENT 'Подключено к СЭД'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Строки реестра рабочих мест; читать только через core.workplaces';

CREATE TABLE IF NOT EXISTS core.department_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла: решает, какой из равных по дате позже',
    as_of Date COMMENT 'На дату',
    department String COMMENT 'Подразделение',
    required Float64 COMMENT 'Требуется',
    equipped Float64 COMMENT 'Оснащено'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Строки реестра оснащённости; читать только через core.departments';

CREATE TABLE IF NOT EXISTS core.event_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла: решает, какой из равных по дате позже',
    held_on Date COMMENT 'Дата мероприятия',
    title String COMMENT 'Название',
    kind String COMMENT 'Вид'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Строки реестра мероприятий; читать только через core.events';

CREATE TABLE IF NOT EXISTS core.budget_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла: решает, какой из равных по дате позже',
    year UInt16 COMMENT 'Год',
    as_of Date COMMENT 'На дату',
    item String COMMENT 'Строка бюджета, если файл делит сумму; иначе пусто',
    plan Nullable(Decimal(18, 2)) COMMENT 'План, рублей',
    executed Nullable(Decimal(18, 2)) COMMENT 'Кассовое исполнение, рублей'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Строки исполнения бюджета; читать только через core.budget';
