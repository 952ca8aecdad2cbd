-- The doors of 0020 with the same answers, sooner: half the time of a load's inserts went into one pattern
-- of codes, because a counted repetition of all letters ({1,64}) is a huge automaton.

CREATE OR REPLACE FUNCTION is_code AS (text) -> lengthUTF8(text) <= 64 AND match(text, '^[\\p{L}\\p{N}./_-]+$');

DROP VIEW IF EXISTS staging.service_applications_check SYNC;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.service_applications_check TO staging.service_applications_checked AS
WITH
    getSetting('log_comment') AS context,
    d.status_group IN ('provided', 'refused', 'withdrawn') AS is_final,
    coalesce(toUInt16OrNull(extract(d.due, '^(\\d{1,3}) calendar$')), toUInt16OrNull(d.due_calendar_days)) AS calendar_days,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.application_key = '', ('Номер заявления', 'empty'),
        d.service_code = '', ('Код услуги', 'empty'),
        position(d.service_code, '***') > 0, ('Код услуги', 'it looks like personal data, not like a code'),
        NOT is_code(d.service_code), ('Код услуги', 'no code: expected digits, letters, dots, hyphens'),
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
FROM
(
    -- Each moment is cast here, once: a name of WITH is analysed anew wherever it stands.
    WITH JSONExtractString(getSetting('log_comment'), 'time_zone') AS zone
    SELECT
        *,
        moment_or_null(filed_at, zone) AS filed,
        moment_or_null(status_at, zone) AS status_moment,
        moment_or_null(finished_at, zone) AS finished,
        match(due, '^\\d{1,3}( calendar)?$') AS is_due_in_days,
        if(is_due_in_days, NULL, moment_or_null(due, zone)) AS due_moment
    FROM staging.service_applications
) AS d;

DROP VIEW IF EXISTS staging.service_catalogue_check SYNC;

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
        NOT is_code(d.service_code), ('Код услуги', 'no code: expected digits, letters, dots, hyphens'),
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
