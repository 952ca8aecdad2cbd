-- Rows of catalogues of services, from text to the core table.
{% from 'macros/shown.sql' import shown -%}
{% from 'macros/table_staging.sql' import tables, origin, exits -%}
{{ tables(
    kind,
    staged=[
        'service_code', 'service_name', 'level', 'electronic', 'valid_from', 'valid_to',
        'msu_list', 'msu_from', 'msu_to',
    ],
    checked=[
        ("is_dated", "Bool"), ("service_code", "String"), ("service_name", "String"),
        ("level", "String"), ("is_electronic", "Bool"), ("valid_from", "Date"),
        ("valid_to", "Nullable(Date)"), ("is_msu", "Nullable(Bool)"), ("msu_from", "Nullable(Date)"),
        ("msu_to", "Nullable(Date)"),
    ],
) }}

CREATE MATERIALIZED VIEW staging.service_catalogue_check TO staging.service_catalogue_checked AS
WITH
    getSetting('log_comment') AS context,
    JSONExtractString(getSetting('log_comment'), 'time_zone') AS zone,
    moment_or_null(d.since_text, zone) AS since,
    moment_or_null(d.until_text, zone) AS until,
    moment_or_null(d.msu_from, zone) AS msu_since,
    moment_or_null(d.msu_to, zone) AS msu_until,
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
        d.service_code = '', ({{ headings.service_code }}, 'empty'),
        position(d.service_code, '***') > 0,
        ({{ headings.service_code }}, 'it looks like personal data, not like a code'),
        NOT is_code(d.service_code),
        ({{ headings.service_code }}, 'no code: expected digits, letters, dots, hyphens'),
        d.service_name = '', ({{ headings.service_name }}, 'empty'),
        d.level = '', ({{ headings.level }}, 'empty'),
        d.electronic NOT IN ('0', '1'),
        ({{ headings.electronic }},
        'neither yes or no nor a list of known channels (reference/channels.yaml)'),
        d.valid_from = '', ({{ headings.valid_from }}, 'empty'),
        day_problem(since, 1970) != '', ({{ headings.valid_from }}, day_problem(since, 1970)),
        match(d.until_text, '^\\d\\d[.]\\d\\d[.]\\d\\d$') AND day_problem(until, 1970) != '',
        ({{ headings.valid_to }}, 'no date: the year has two digits'),
        d.until_text != '' AND date_problem(until, 1970, 2100) != '',
        ({{ headings.valid_to }}, date_problem(until, 1970, 2100)),
        d.until_text != '' AND toDate(until) < toDate(since),
        ({{ headings.valid_to }}, 'before the first day of validity'),
        d.msu_from != '' AND date_problem(msu_since, 1970, 2100) != '',
        ({{ headings.msu_from }}, date_problem(msu_since, 1970, 2100)),
        d.msu_to != '' AND date_problem(msu_until, 1970, 2100) != '',
        ({{ headings.msu_to }}, date_problem(msu_until, 1970, 2100)),
        toDate(msu_until) < toDate(msu_since), ({{ headings.msu_to }}, 'before the first day in the list'),
        ('', '')
    ) AS fault
SELECT
    {{ origin() }}
    JSONExtractBool(context, 'is_dated') AS is_dated,
    d.service_code AS service_code,
    d.service_name AS service_name,
    d.level AS level,
    d.electronic = '1' AS is_electronic,
    toDate(ifNull(since, toDateTime64(0, 3))) AS valid_from,
    toDate(until) AS valid_to,
    transform(d.msu_list, ['0', '1'], [toNullable(false), toNullable(true)], NULL) AS is_msu,
    toDate(msu_since) AS msu_from,
    toDate(msu_until) AS msu_to,
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
        shown_cell({{ headings.service_code }}, {{ shown('d.service_code') }}),
        shown_cell({{ headings.level }}, {{ shown('d.level') }}),
        shown_cell(
            {{ headings.electronic }},
            transform(d.electronic, ['0', '1'], ['нет', 'да'], {{ shown('d.electronic') }})),
        shown_cell({{ headings.valid_from }}, {{ shown('d.valid_from') }}),
        shown_cell({{ headings.valid_to }}, {{ shown('d.valid_to') }}),
        shown_cell({{ headings.msu_from }}, {{ shown('d.msu_from') }}),
        shown_cell({{ headings.msu_to }}, {{ shown('d.msu_to') }})])) AS masked_row
FROM
(
    SELECT
        *,
        -- A placeholder like 01.01.1900 means since ever; the type begins in 1970.
        if(
            match(spelled_moment(valid_from), '^19[0-6]\\d-\\d\\d-\\d\\d'),
            '1970-01-01',
            valid_from) AS since_text,
        -- 31.12.9999 is how systems write an open end.
        if(
            match(spelled_moment(valid_to), '^(2[1-9]|[3-9])\\d{2,3}-\\d\\d-\\d\\d'),
            '',
            valid_to) AS until_text
    FROM staging.service_catalogue
) AS d;

{{ exits(kind) }}
