-- Rows of registers of applications, from text to the core table.
{% from 'macros/shown.sql' import shown -%}
{% from 'macros/table_staging.sql' import tables, origin, exits -%}
{{ tables(
    kind,
    staged=[
        'application_key', 'service_code', 'filed_at', 'channel',
        'status_group', 'status_text', 'status_at', 'finished_at', 'due', 'due_calendar_days',
        'applicant_type', 'rating',
    ],
    checked=[
        ("portal", "String"), ("application_key", "String"), ("service_code", "String"),
        ("filed_on", "Date"), ("channel", "String"),
        ("status_group", "String"), ("status_at", "DateTime64(3, 'UTC')"),
        ("finished_on", "Nullable(Date)"), ("due_on", "Nullable(Date)"),
        ("due_working_days", "Nullable(UInt16)"), ("applicant_type", "String"),
        ("rating", "Nullable(UInt8)"),
    ],
) }}

CREATE MATERIALIZED VIEW staging.service_applications_check TO staging.service_applications_checked AS
WITH
    getSetting('log_comment') AS context,
    d.status_group IN ('provided', 'refused', 'withdrawn') AS is_final,
    coalesce(
        toUInt16OrNull(extract(d.due, '^(\\d{1,3}) calendar$')),
        toUInt16OrNull(d.due_calendar_days)) AS calendar_days,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.application_key = '', ({{ headings.application_number }}, 'empty'),
        d.service_code = '', ({{ headings.service_code }}, 'empty'),
        position(d.service_code, '***') > 0,
        ({{ headings.service_code }}, 'it looks like personal data, not like a code'),
        NOT is_code(d.service_code),
        ({{ headings.service_code }}, 'no code: expected digits, letters, dots, hyphens'),
        d.filed_at = '', ({{ headings.filed_at }}, 'empty'),
        day_problem(filed, 1990) != '', ({{ headings.filed_at }}, day_problem(filed, 1990)),
        toDate(filed) > file_day, ({{ headings.filed_at }}, 'the date is after that of the file'),
        d.status_text = '', ({{ headings.status }}, 'empty'),
        d.status_at != '' AND day_problem(status_moment, 1990) != '',
        ({{ headings.status_at }}, day_problem(status_moment, 1990)),
        d.finished_at != '' AND day_problem(finished, 1990) != '',
        ({{ headings.finished_at }}, day_problem(finished, 1990)),
        toDate(finished) < toDate(filed), ({{ headings.finished_at }}, 'the date is before the filing'),
        is_final AND toDate(status_moment) < toDate(filed),
        ({{ headings.status_at }}, 'the date is before the filing'),
        d.due != '' AND NOT is_due_in_days AND date_problem(due_moment, 1990, toYear(now('UTC')) + 10) != '',
        ({{ headings.due }}, 'neither a date nor a number of days up to 999'),
        d.due_calendar_days != '' AND calendar_days IS NULL,
        ({{ headings.due_calendar_days }}, 'no number of days'),
        d.rating != '' AND NOT match(d.rating, '^[1-5]$'),
        ({{ headings.rating }}, 'no rating: expected 1 to 5 or nothing'),
        ('', '')
    ) AS fault
SELECT
    {{ origin() }}
    -- Numbers of the two portals overlap.
    if(d.channel = 'РПГУ', 'РПГУ', '') AS portal,
    d.application_key AS application_key,
    d.service_code AS service_code,
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
        shown_cell({{ headings.application_number }}, if(d.application_key = '', '', '***')),
        shown_cell({{ headings.service_code }}, {{ shown('d.service_code') }}),
        shown_cell({{ headings.filed_at }}, {{ shown('d.filed_at') }}),
        shown_cell({{ headings.channel }}, d.channel),
        shown_cell({{ headings.status }}, d.status_group),
        shown_cell({{ headings.status_at }}, {{ shown('d.status_at') }}),
        shown_cell({{ headings.finished_at }}, {{ shown('d.finished_at') }}),
        shown_cell({{ headings.due }}, {{ shown('d.due') }}),
        shown_cell({{ headings.rating }}, {{ shown('d.rating') }})])) AS masked_row
FROM
(
    -- Each moment is cast here, once: a name of WITH is analysed again at each use.
    WITH JSONExtractString(getSetting('log_comment'), 'time_zone') AS zone
    SELECT
        *,
        moment_or_null(filed_at, zone) AS filed,
        toDate(
            toDateTime64OrZero(JSONExtractString(getSetting('log_comment'), 'file_at'), 3, 'UTC'),
            if(zone = '', 'UTC', zone)
        ) AS file_day,
        moment_or_null(status_at, zone) AS status_moment,
        moment_or_null(finished_at, zone) AS finished,
        match(due, '^\\d{1,3}( calendar)?$') AS is_due_in_days,
        if(is_due_in_days, NULL, moment_or_null(due, zone)) AS due_moment
    FROM staging.service_applications
) AS d;

{{ exits(kind) }}
