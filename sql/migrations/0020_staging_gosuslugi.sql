-- Doors of text for registers of applications and catalogues of services, and the casts behind them.
-- A door stores nothing: its view casts into a second Null table, from which good rows go to core
-- and the others to quarantine. What a row does not say itself stands in log_comment as JSON.

-- Dates as people spell them (see tables/dates.py), as ISO text.
CREATE OR REPLACE FUNCTION spelled_moment AS (text) -> multiIf(
    match(text, '^\\d{2}\\.\\d{2}\\.\\d{4}( |$)'),
    concat(substring(text, 7, 4), '-', substring(text, 4, 2), '-', substring(text, 1, 2), substring(text, 11)),
    match(text, '^\\d{2}\\.\\d{2}\\.\\d{2}( |$)'),
    concat('20', substring(text, 7, 2), '-', substring(text, 4, 2), '-', substring(text, 1, 2), substring(text, 9)),
    match(text, '^[2-6]\\d{4}(\\.\\d+)?$') AND toFloat64OrZero(text) BETWEEN 20000 AND 60000,
    toString(toDateTime64(round((toFloat64OrZero(text) - 25569) * 86400), 0, 'UTC')),
    replaceOne(text, 'T', ' '));

-- The instant that a text means in a zone, NULL for what is no date of the years 1900 to 2299.
CREATE OR REPLACE FUNCTION moment_or_null AS (text, zone) -> if(
    match(spelled_moment(text), '^(19|20|21|22)\\d\\d-\\d\\d-\\d\\d( ([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?)?( ?(Z|[+-]\\d\\d:?\\d\\d))?$'),
    parseDateTime64BestEffortOrNull(spelled_moment(text), 3, if(zone = '', 'UTC', zone)),
    NULL);

-- Why a text is no date of the years that a municipal programme can mean; empty when it is one.
CREATE OR REPLACE FUNCTION date_problem AS (moment, since, until) -> multiIf(
    isNull(moment), 'no date: expected dd.mm.yyyy, ISO 8601 or a date of Excel',
    toYear(moment) < since OR toYear(moment) > until, concat('the year is not between ', toString(since), ' and ', toString(until)),
    '');

-- One cell of a quarantined row as it is shown; nothing for a blank.
CREATE OR REPLACE FUNCTION shown_cell AS (name, text) -> if(text = '', '', concat(name, ': ', text));

CREATE OR REPLACE FUNCTION shown_row AS (cells) -> arrayStringConcat(arrayFilter(cell -> cell != '', cells), '; ');

CREATE TABLE IF NOT EXISTS staging.service_applications
(
    sheet String,
    line String,
    application_key String,
    service_code String,
    service_name String,
    filed_at String,
    channel String,
    channel_text String,
    status_group String,
    status_text String,
    status_at String,
    finished_at String,
    due String,
    due_calendar_days String,
    applicant_type String,
    rating String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: строки реестров заявлений текстом; problem — почему строку не принять';

CREATE TABLE IF NOT EXISTS staging.service_applications_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
    portal String,
    application_key String,
    service_code String,
    service_name String,
    filed_on Date,
    channel String,
    status_group String,
    status_at DateTime64(3, 'UTC'),
    finished_on Nullable(Date),
    due_on Nullable(Date),
    due_working_days Nullable(UInt16),
    applicant_type String,
    rating Nullable(UInt8),
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверенные строки заявлений: reason пуст у годных';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_applications_check TO staging.service_applications_checked AS
WITH
    getSetting('log_comment') AS context,
    JSONExtractString(getSetting('log_comment'), 'time_zone') AS zone,
    moment_or_null(d.filed_at, zone) AS filed,
    moment_or_null(d.status_at, zone) AS status_moment,
    moment_or_null(d.finished_at, zone) AS finished,
    match(d.due, '^\\d{1,3}( calendar)?$') AS is_due_in_days,
    if(is_due_in_days, NULL, moment_or_null(d.due, zone)) AS due_moment,
    d.status_group IN ('provided', 'refused', 'withdrawn') AS is_final,
    coalesce(toUInt16OrNull(extract(d.due, '^(\\d{1,3}) calendar$')), toUInt16OrNull(d.due_calendar_days)) AS calendar_days,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.application_key = '', ('Номер заявления', 'empty'),
        d.service_code = '', ('Код услуги', 'empty'),
        position(d.service_code, '***') > 0, ('Код услуги', 'it looks like personal data, not like a code'),
        NOT match(d.service_code, '^[\\p{L}\\p{N}./_-]{1,64}$'), ('Код услуги', 'no code: expected digits, letters, dots, hyphens'),
        d.filed_at = '', ('Дата подачи', 'empty'),
        date_problem(filed, 1990, 2100) != '', ('Дата подачи', date_problem(filed, 1990, 2100)),
        d.status_text = '', ('Статус', 'empty'),
        d.status_at != '' AND date_problem(status_moment, 1990, 2100) != '', ('Дата статуса', date_problem(status_moment, 1990, 2100)),
        d.finished_at != '' AND date_problem(finished, 1990, 2100) != '', ('Дата исполнения', date_problem(finished, 1990, 2100)),
        d.due != '' AND NOT is_due_in_days AND date_problem(due_moment, 1990, 2100) != '',
        ('Регламентный срок', 'neither a date nor a number of days up to 999'),
        d.due_calendar_days != '' AND calendar_days IS NULL, ('Регламентный срок, календарных дней', 'no number of days'),
        d.rating != '' AND NOT match(d.rating, '^[1-5]$'), ('Оценка', 'no rating: expected 1 to 5 or nothing'),
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
    -- Numbers of the two portals overlap.
    if(d.channel = 'РПГУ', 'РПГУ', '') AS portal,
    d.application_key AS application_key,
    d.service_code AS service_code,
    d.service_name AS service_name,
    toDate(ifNull(filed, toDateTime64(0, 3))) AS filed_on,
    d.channel AS channel,
    d.status_group AS status_group,
    coalesce(status_moment, finished, filed, toDateTime64(0, 3)) AS status_at,
    if(is_final, toDate(coalesce(finished, status_moment)), NULL) AS finished_on,
    if(calendar_days IS NULL, toDate(due_moment), toDate(filed) + calendar_days) AS due_on,
    if(calendar_days IS NULL AND is_due_in_days, toUInt16OrNull(d.due), NULL) AS due_working_days,
    d.applicant_type AS applicant_type,
    toUInt8OrNull(d.rating) AS rating,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell('Номер заявления', if(d.application_key = '', '', '***')),
        shown_cell('Код услуги', d.service_code),
        shown_cell('Дата подачи', d.filed_at),
        shown_cell('Канал подачи', d.channel_text),
        shown_cell('Статус', d.status_text),
        shown_cell('Дата статуса', d.status_at),
        shown_cell('Дата исполнения', d.finished_at),
        shown_cell('Регламентный срок', d.due),
        shown_cell('Оценка', d.rating)])) AS masked_row
FROM staging.service_applications AS d;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_applications_good TO core.service_application_rows AS
SELECT * EXCEPT (source, unit, field, reason, masked_row) FROM staging.service_applications_checked WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_applications_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row
FROM staging.service_applications_checked
WHERE reason != '';

CREATE TABLE IF NOT EXISTS staging.service_catalogue
(
    sheet String,
    line String,
    service_code String,
    service_name String,
    level String,
    electronic String,
    valid_from String,
    valid_to String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: строки каталогов услуг текстом';

CREATE TABLE IF NOT EXISTS staging.service_catalogue_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
    is_dated Bool,
    service_code String,
    service_name String,
    level String,
    is_electronic Bool,
    valid_from Date,
    valid_to Nullable(Date),
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверенные строки каталогов: reason пуст у годных';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_catalogue_check TO staging.service_catalogue_checked AS
WITH
    getSetting('log_comment') AS context,
    JSONExtractString(getSetting('log_comment'), 'time_zone') AS zone,
    -- A placeholder like 01.01.1900 means since ever; the type begins in 1970.
    if(match(spelled_moment(d.valid_from), '^19[0-6]\\d-\\d\\d-\\d\\d'), '1970-01-01', d.valid_from) AS since_text,
    moment_or_null(since_text, zone) AS since,
    -- 31.12.9999 is how systems write an open end.
    if(match(spelled_moment(d.valid_to), '^(2[1-9]|[3-9])\\d{2,3}-\\d\\d-\\d\\d'), '', d.valid_to) AS until_text,
    moment_or_null(until_text, zone) AS until,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.service_code = '', ('Код услуги', 'empty'),
        position(d.service_code, '***') > 0, ('Код услуги', 'it looks like personal data, not like a code'),
        NOT match(d.service_code, '^[\\p{L}\\p{N}./_-]{1,64}$'), ('Код услуги', 'no code: expected digits, letters, dots, hyphens'),
        d.service_name = '', ('Наименование', 'empty'),
        d.level = '', ('Уровень', 'empty'),
        d.electronic NOT IN ('0', '1'), ('Электронная подача', 'neither yes or no nor a list of known channels (reference/channels.yaml)'),
        d.valid_from = '', ('Действует с', 'empty'),
        date_problem(since, 1970, 2100) != '', ('Действует с', date_problem(since, 1970, 2100)),
        until_text != '' AND date_problem(until, 1970, 2100) != '', ('Действует по', date_problem(until, 1970, 2100)),
        until_text != '' AND toDate(until) < toDate(since), ('Действует по', 'before the first day of validity'),
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
    JSONExtractBool(context, 'is_dated') AS is_dated,
    d.service_code AS service_code,
    d.service_name AS service_name,
    d.level AS level,
    d.electronic = '1' AS is_electronic,
    toDate(ifNull(since, toDateTime64(0, 3))) AS valid_from,
    toDate(until) AS valid_to,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell('Код услуги', d.service_code),
        shown_cell('Уровень', d.level),
        shown_cell('Электронная подача', transform(d.electronic, ['0', '1'], ['нет', 'да'], d.electronic)),
        shown_cell('Действует с', d.valid_from),
        shown_cell('Действует по', d.valid_to)])) AS masked_row
FROM staging.service_catalogue AS d;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_catalogue_good TO core.service_catalogue_rows AS
SELECT * EXCEPT (source, unit, field, reason, masked_row) FROM staging.service_catalogue_checked WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_catalogue_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row
FROM staging.service_catalogue_checked
WHERE reason != '';
