-- Doors of text for the registers kept by hand, and the casts behind them. The functions and the way
-- of a row (door, check, core or quarantine) are those of 0020_staging_gosuslugi.sql. Amounts arrive
-- in roubles already: the unit stands in a heading, which no row knows.

CREATE TABLE IF NOT EXISTS staging.workplaces
(
    sheet String,
    line String,
    number String,
    department String,
    has_pc String,
    has_protection String,
    has_edms String,
    as_of String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: строки реестра рабочих мест текстом';

CREATE TABLE IF NOT EXISTS staging.workplaces_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
    as_of Date,
    number String,
    department String,
    has_pc Bool,
    has_protection Bool,
    has_edms Bool,
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверенные строки реестра рабочих мест: reason пуст у годных';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.workplaces_check TO staging.workplaces_checked AS
WITH
    getSetting('log_comment') AS context,
    moment_or_null(d.as_of, JSONExtractString(getSetting('log_comment'), 'time_zone')) AS day,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.number = '', ('Номер', 'empty'),
        position(d.number, '***') > 0, ('Номер', 'it looks like personal data, not like a number'),
        d.has_pc NOT IN ('0', '1'), ('ПК', if(d.has_pc = '', 'empty', 'neither yes nor no (reference/words.yaml)')),
        d.has_protection NOT IN ('0', '1'), ('СЗИ', if(d.has_protection = '', 'empty', 'neither yes nor no (reference/words.yaml)')),
        d.has_edms NOT IN ('0', '1'), ('СЭД', if(d.has_edms = '', 'empty', 'neither yes nor no (reference/words.yaml)')),
        d.as_of = '', ('На дату', 'empty'),
        date_problem(day, 1990, 2100) != '', ('На дату', date_problem(day, 1990, 2100)),
        ('', '')
    ) AS fault
SELECT
    JSONExtractString(context, 'unit_key') AS unit_key,
    toUUIDOrZero(JSONExtractString(context, 'load_id')) AS load_id,
    JSONExtractString(context, 'source') AS source,
    JSONExtractString(context, 'unit') AS unit,
    d.sheet AS sheet,
    toUInt64OrZero(d.line) AS line,
    toDateTime64OrZero(JSONExtractString(context, 'file_at'), 3, 'UTC') AS file_at,
    toDateTime64OrZero(JSONExtractString(context, 'arrived_at'), 3, 'UTC') AS arrived_at,
    toDate(ifNull(day, toDateTime64(0, 3))) AS as_of,
    d.number AS number,
    d.department AS department,
    d.has_pc = '1' AS has_pc,
    d.has_protection = '1' AS has_protection,
    d.has_edms = '1' AS has_edms,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell('Номер', d.number),
        shown_cell('Подразделение', d.department),
        shown_cell('ПК', transform(d.has_pc, ['0', '1'], ['нет', 'да'], d.has_pc)),
        shown_cell('СЗИ', transform(d.has_protection, ['0', '1'], ['нет', 'да'], d.has_protection)),
        shown_cell('СЭД', transform(d.has_edms, ['0', '1'], ['нет', 'да'], d.has_edms)),
        shown_cell('На дату', d.as_of)])) AS masked_row
FROM staging.workplaces AS d;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.workplaces_good TO core.workplace_rows AS
SELECT * EXCEPT (source, unit, field, reason, masked_row) FROM staging.workplaces_checked WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.workplaces_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row FROM staging.workplaces_checked WHERE reason != '';

CREATE TABLE IF NOT EXISTS staging.departments
(
    sheet String,
    line String,
    department String,
    required String,
    equipped String,
    as_of String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: строки реестра оснащённости подразделений текстом';

CREATE TABLE IF NOT EXISTS staging.departments_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
    as_of Date,
    department String,
    required Float64,
    equipped Float64,
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверенные строки реестра оснащённости подразделений: reason пуст у годных';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.departments_check TO staging.departments_checked AS
WITH
    getSetting('log_comment') AS context,
    moment_or_null(d.as_of, JSONExtractString(getSetting('log_comment'), 'time_zone')) AS day,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.department = '', ('Подразделение', 'empty'),
        d.required = '', ('Требуется', 'empty'),
        NOT match(d.required, '^\\+?\\d{1,12}(\\.\\d+)?$'), ('Требуется', 'no number of zero or more'),
        d.equipped = '', ('Оснащено', 'empty'),
        NOT match(d.equipped, '^\\+?\\d{1,12}(\\.\\d+)?$'), ('Оснащено', 'no number of zero or more'),
        d.as_of = '', ('На дату', 'empty'),
        date_problem(day, 1990, 2100) != '', ('На дату', date_problem(day, 1990, 2100)),
        ('', '')
    ) AS fault
SELECT
    JSONExtractString(context, 'unit_key') AS unit_key,
    toUUIDOrZero(JSONExtractString(context, 'load_id')) AS load_id,
    JSONExtractString(context, 'source') AS source,
    JSONExtractString(context, 'unit') AS unit,
    d.sheet AS sheet,
    toUInt64OrZero(d.line) AS line,
    toDateTime64OrZero(JSONExtractString(context, 'file_at'), 3, 'UTC') AS file_at,
    toDateTime64OrZero(JSONExtractString(context, 'arrived_at'), 3, 'UTC') AS arrived_at,
    toDate(ifNull(day, toDateTime64(0, 3))) AS as_of,
    d.department AS department,
    ifNull(accurateCastOrNull(d.required, 'Float64'), 0) AS required,
    ifNull(accurateCastOrNull(d.equipped, 'Float64'), 0) AS equipped,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell('Подразделение', d.department),
        shown_cell('Требуется', d.required),
        shown_cell('Оснащено', d.equipped),
        shown_cell('На дату', d.as_of)])) AS masked_row
FROM staging.departments AS d;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.departments_good TO core.department_rows AS
SELECT * EXCEPT (source, unit, field, reason, masked_row) FROM staging.departments_checked WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.departments_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row FROM staging.departments_checked WHERE reason != '';

CREATE TABLE IF NOT EXISTS staging.events
(
    sheet String,
    line String,
    held_on String,
    title String,
    kind String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: строки реестра мероприятий текстом';

CREATE TABLE IF NOT EXISTS staging.events_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
    held_on Date,
    title String,
    kind String,
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверенные строки реестра мероприятий: reason пуст у годных';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.events_check TO staging.events_checked AS
WITH
    getSetting('log_comment') AS context,
    moment_or_null(d.held_on, JSONExtractString(getSetting('log_comment'), 'time_zone')) AS day,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.held_on = '', ('Дата', 'empty'),
        date_problem(day, 1990, 2100) != '', ('Дата', date_problem(day, 1990, 2100)),
        d.title = '', ('Название', 'empty'),
        ('', '')
    ) AS fault
SELECT
    JSONExtractString(context, 'unit_key') AS unit_key,
    toUUIDOrZero(JSONExtractString(context, 'load_id')) AS load_id,
    JSONExtractString(context, 'source') AS source,
    JSONExtractString(context, 'unit') AS unit,
    d.sheet AS sheet,
    toUInt64OrZero(d.line) AS line,
    toDateTime64OrZero(JSONExtractString(context, 'file_at'), 3, 'UTC') AS file_at,
    toDateTime64OrZero(JSONExtractString(context, 'arrived_at'), 3, 'UTC') AS arrived_at,
    toDate(ifNull(day, toDateTime64(0, 3))) AS held_on,
    d.title AS title,
    d.kind AS kind,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell('Дата', d.held_on),
        shown_cell('Название', d.title),
        shown_cell('Вид', d.kind)])) AS masked_row
FROM staging.events AS d;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.events_good TO core.event_rows AS
SELECT * EXCEPT (source, unit, field, reason, masked_row) FROM staging.events_checked WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.events_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row FROM staging.events_checked WHERE reason != '';

CREATE TABLE IF NOT EXISTS staging.budget
(
    sheet String,
    line String,
    year String,
    as_of String,
    item String,
    plan String,
    executed String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: строки реестра исполнения бюджета текстом';

CREATE TABLE IF NOT EXISTS staging.budget_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
    year UInt16,
    as_of Date,
    item String,
    plan Nullable(Decimal(18, 2)),
    executed Nullable(Decimal(18, 2)),
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверенные строки реестра исполнения бюджета: reason пуст у годных';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.budget_check TO staging.budget_checked AS
WITH
    getSetting('log_comment') AS context,
    moment_or_null(d.as_of, JSONExtractString(getSetting('log_comment'), 'time_zone')) AS day,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        NOT match(d.year, '^(19|20)\\d\\d$'), ('Год', if(d.year = '', 'empty', 'no year')),
        d.as_of = '', ('Дата', 'empty'),
        date_problem(day, 1990, 2100) != '', ('Дата', date_problem(day, 1990, 2100)),
        d.plan = '' AND d.executed = '', ('План', 'neither a plan nor an execution'),
        d.plan != '' AND NOT match(d.plan, '^[+-]?\\d{1,15}(\\.\\d+)?$'), ('План', 'no amount of money'),
        d.executed != '' AND NOT match(d.executed, '^[+-]?\\d{1,15}(\\.\\d+)?$'), ('Кассовое исполнение', 'no amount of money'),
        ('', '')
    ) AS fault
SELECT
    JSONExtractString(context, 'unit_key') AS unit_key,
    toUUIDOrZero(JSONExtractString(context, 'load_id')) AS load_id,
    JSONExtractString(context, 'source') AS source,
    JSONExtractString(context, 'unit') AS unit,
    d.sheet AS sheet,
    toUInt64OrZero(d.line) AS line,
    toDateTime64OrZero(JSONExtractString(context, 'file_at'), 3, 'UTC') AS file_at,
    toDateTime64OrZero(JSONExtractString(context, 'arrived_at'), 3, 'UTC') AS arrived_at,
    toUInt16OrZero(d.year) AS year,
    toDate(ifNull(day, toDateTime64(0, 3))) AS as_of,
    d.item AS item,
    CAST(round(toDecimal128OrNull(d.plan, 10), 2) AS Nullable(Decimal(18, 2))) AS plan,
    CAST(round(toDecimal128OrNull(d.executed, 10), 2) AS Nullable(Decimal(18, 2))) AS executed,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell('Год', d.year),
        shown_cell('Дата', d.as_of),
        shown_cell('Строка бюджета', d.item),
        shown_cell('План', d.plan),
        shown_cell('Кассовое исполнение', d.executed)])) AS masked_row
FROM staging.budget AS d;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.budget_good TO core.budget_rows AS
SELECT * EXCEPT (source, unit, field, reason, masked_row) FROM staging.budget_checked WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.budget_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row FROM staging.budget_checked WHERE reason != '';
