{#- Staging of one kind of table. Text arrives in `staging.<kind>`, which stores nothing. A view checks and
    casts it into `staging.<kind>_checked`, which stores nothing either. From there good rows go to the core
    table and the others to quarantine. What a row does not contain itself is in log_comment as JSON.
    `table_staging(kind, headings)` writes all of it from `kind.columns`. A kind with rules of its own uses
    `tables`, `origin` and `exits`, and writes its checking view itself. `headings` are the names of the
    columns as SQL literals. -#}

{%- set core_types = {
    'code': 'String', 'name': 'String', 'key_name': 'String', 'item': 'String', 'flag': 'Bool', 'day': 'Date',
    'number': 'Float64', 'year': 'UInt16', 'amount': 'Nullable(Decimal(18, 2))',
} -%}

{%- macro zone() -%} JSONExtractString(getSetting('log_comment'), 'time_zone') {%- endmacro -%}

{%- macro tables(kind, staged, checked) -%}
DROP VIEW IF EXISTS staging.{{ kind.name }}_check SYNC;
DROP VIEW IF EXISTS staging.{{ kind.name }}_good SYNC;
DROP VIEW IF EXISTS staging.{{ kind.name }}_bad SYNC;
DROP TABLE IF EXISTS staging.{{ kind.name }} SYNC;
DROP TABLE IF EXISTS staging.{{ kind.name }}_checked SYNC;

CREATE TABLE staging.{{ kind.name }}
(
    sheet String,
    line String,
{%- for name in staged %}
    {{ name }} String,
{%- endfor %}
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Приём: {{ kind.title }}, строки текстом; problem — почему строку не принять';

CREATE TABLE staging.{{ kind.name }}_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    file_at DateTime64(3, 'UTC'),
    arrived_at DateTime64(3, 'UTC'),
{%- for name, type in checked %}
    {{ name }} {{ type }},
{%- endfor %}
    field String,
    reason String,
    masked_row String
)
ENGINE = Null
COMMENT 'Проверка: {{ kind.title }}; reason пуст у годных строк';
{%- endmacro %}

{%- macro origin() -%}
    JSONExtractString(context, 'unit_key') AS unit_key,
    toUUIDOrZero(JSONExtractString(context, 'load_id')) AS load_id,
    JSONExtractString(context, 'source') AS source,
    JSONExtractString(context, 'unit') AS unit,
    d.sheet AS sheet,
    toUInt64OrZero(d.line) AS line,
    toDateTime64OrZero(JSONExtractString(context, 'file_at'), 3, 'UTC') AS file_at,
    toDateTime64OrZero(JSONExtractString(context, 'arrived_at'), 3, 'UTC') AS arrived_at,
{%- endmacro %}

{%- macro exits(kind) -%}
CREATE MATERIALIZED VIEW staging.{{ kind.name }}_good TO {{ kind.target }} AS
SELECT * EXCEPT (source, unit, field, reason, masked_row)
FROM staging.{{ kind.name }}_checked
WHERE reason = '';

CREATE MATERIALIZED VIEW staging.{{ kind.name }}_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, masked_row
FROM staging.{{ kind.name }}_checked
WHERE reason != '';
{%- endmacro %}

{#- Pairs of a condition and its (heading, reason); the first condition that is true gives the reason. -#}
{%- macro problem_of(column, heading) -%}
{%- set cell = 'd.' ~ column.name -%}
{%- if column.is_required and column.type != 'year' %}
        {{ cell }} = '', ({{ heading }}, 'empty'),
{%- endif %}
{%- if column.type == 'code' %}
        position({{ cell }}, '***') > 0,
        ({{ heading }}, 'it looks like personal data, not like a number'),
{%- elif column.type == 'flag' %}
        {{ cell }} NOT IN ('0', '1'), ({{ heading }}, 'neither yes nor no (reference/words.yaml)'),
{%- elif column.type == 'number' %}
        NOT match({{ cell }}, '^\\+?\\d{1,12}(\\.\\d+)?$'), ({{ heading }}, 'no number of zero or more'),
{%- elif column.type == 'year' %}
        NOT match({{ cell }}, '^(19|20)\\d\\d$'), ({{ heading }}, if({{ cell }} = '', 'empty', 'no year')),
{%- elif column.type == 'amount' %}
        {{ cell }} != '' AND NOT match({{ cell }}, '^[+-]?\\d{1,15}(\\.\\d+)?$'),
        ({{ heading }}, 'no amount of money'),
{%- elif column.type == 'day' %}
        date_problem({{ column.name }}_moment, 1990, 2100) != '',
        ({{ heading }}, date_problem({{ column.name }}_moment, 1990, 2100)),
{%- endif %}
{%- endmacro %}

{%- macro cast_of(column) -%}
{%- set cell = 'd.' ~ column.name -%}
{%- if column.type == 'flag' -%} {{ cell }} = '1'
{%- elif column.type == 'number' -%} ifNull(accurateCastOrNull({{ cell }}, 'Float64'), 0)
{%- elif column.type == 'year' -%} toUInt16OrZero({{ cell }})
{%- elif column.type == 'amount' -%}
    CAST(round(toDecimal128OrNull({{ cell }}, 10), 2) AS Nullable(Decimal(18, 2)))
{%- elif column.type == 'day' -%} toDate(ifNull({{ column.name }}_moment, toDateTime64(0, 3)))
{%- else -%} {{ cell }}
{%- endif -%}
{%- endmacro %}

{%- macro shown_of(column) -%}
{%- set cell = 'd.' ~ column.name -%}
{%- if column.type == 'flag' -%} transform({{ cell }}, ['0', '1'], ['нет', 'да'], {{ cell }})
{%- else -%} {{ cell }}
{%- endif -%}
{%- endmacro %}

{#- `problems` are more conditions, SQL over the text columns `d.…`: (condition, field, reason). -#}
{%- macro table_staging(kind, headings, problems=()) -%}
{%- set ns = namespace(checked=[]) -%}
{%- for column in kind.columns -%}
{%- set ns.checked = ns.checked + [(column.name, core_types[column.type])] -%}
{%- endfor -%}
{{ tables(kind, kind.columns | map(attribute='name'), ns.checked) }}

CREATE MATERIALIZED VIEW staging.{{ kind.name }}_check TO staging.{{ kind.name }}_checked AS
WITH
    getSetting('log_comment') AS context,
{%- for column in kind.columns if column.type == 'day' %}
    moment_or_null(d.{{ column.name }}, {{ zone() }}) AS {{ column.name }}_moment,
{%- endfor %}
    multiIf(
        d.problem != '', (d.problem_field, d.problem),
{%- for column in kind.columns if column.type != 'amount' %}
{{- problem_of(column, headings[column.name]) }}
{%- endfor %}
{%- for condition, field, reason in problems %}
        {{ condition }}, ({{ headings[field] }}, {{ reason | literal }}),
{%- endfor %}
{%- for column in kind.columns if column.type == 'amount' %}
{{- problem_of(column, headings[column.name]) }}
{%- endfor %}
        ('', '')
    ) AS fault
SELECT
    {{ origin() }}
{%- for column in kind.columns %}
    {{ cast_of(column) }} AS {{ column.name }},
{%- endfor %}
    fault.1 AS field,
    fault.2 AS reason,
    if(fault.2 = '', '', shown_row([
{%- for column in kind.columns %}
        shown_cell({{ headings[column.name] }}, {{ shown_of(column) }}){{ ',' if not loop.last }}
{%- endfor %}])) AS masked_row
FROM staging.{{ kind.name }} AS d;

{{ exits(kind) }}
{%- endmacro %}
