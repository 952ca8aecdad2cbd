{#- Staging of one kind of table. Text arrives in `staging.<kind>`, which stores nothing. A view checks and
    casts it into `staging.<kind>_checked`, which stores nothing either. From there good rows go to the core
    table and the others to quarantine. What a row does not contain itself is in log_comment as JSON.
    `table_staging(kind, headings)` writes all of it from `kind.columns`. A kind with rules of its own uses
    `tables`, `origin` and `exits`, and writes its checking view itself. `headings` are the names of the
    columns as SQL literals. -#}

{%- from 'macros/shown.sql' import shown -%}
{%- set text_types = ('code', 'name', 'key_name', 'item') -%}
{%- set core_types = {
    'flag': 'Bool', 'day': 'Date', 'number': 'Float64', 'year': 'UInt16', 'amount': 'Decimal(18, 2)',
} -%}
{#- A value that may be blank is NULL where it is no text. -#}
{%- macro type_of(column) -%}
{%- if column.type in text_types -%} String
{%- elif column.is_required -%} {{ core_types[column.type] }}
{%- else -%} Nullable({{ core_types[column.type] }})
{%- endif -%}
{%- endmacro -%}

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
{%- set given = '' if column.is_required else cell ~ " != '' AND " -%}
{%- if column.is_required %}
        {{ cell }} = '', ({{ heading }}, 'empty'),
{%- endif %}
{%- if column.type == 'code' %}
        position({{ cell }}, '***') > 0,
        ({{ heading }}, 'it looks like personal data, not like a number'),
{%- elif column.type == 'flag' %}
        {{ given }}{{ cell }} NOT IN ('0', '1'),
        ({{ heading }}, 'neither yes nor no (reference/words.yaml)'),
{%- elif column.type == 'number' %}
        {{ given }}NOT match({{ cell }}, '^\\+?\\d{1,12}(\\.\\d+)?$'),
        ({{ heading }}, 'no number of zero or more'),
{%- elif column.type == 'year' %}
        {{ given }}NOT match({{ cell }}, '^(19|20)\\d\\d$'), ({{ heading }}, 'no year'),
{%- elif column.type == 'amount' %}
        {{ given }}NOT match({{ cell }}, '^[+-]?\\d{1,15}(\\.\\d+)?$'),
        ({{ heading }}, 'no amount of money'),
{%- elif column.type == 'day' %}
        {{ given }}day_problem({{ column.name }}_moment, 1990) != '',
        ({{ heading }}, day_problem({{ column.name }}_moment, 1990)),
{%- endif %}
{%- endmacro %}

{%- macro cast_of(column) -%}
{%- set cell = 'd.' ~ column.name -%}
{%- if column.type in text_types -%} {{ cell }}
{%- else -%}
{%- set value = {
    'flag': "transform(" ~ cell ~ ", ['0', '1'], [toNullable(false), toNullable(true)], NULL)",
    'number': "accurateCastOrNull(" ~ cell ~ ", 'Float64')",
    'year': "toUInt16OrNull(" ~ cell ~ ")",
    'amount': "CAST(round(toDecimal128OrNull(" ~ cell ~ ", 10), 2) AS Nullable(Decimal(18, 2)))",
    'day': "toDate(" ~ column.name ~ "_moment)",
}[column.type] -%}
{#- Of a row that is kept back the value does not matter. -#}
{%- set nothing = "defaultValueOfTypeName('" ~ core_types[column.type] ~ "')" -%}
{{ "ifNull(" ~ value ~ ", " ~ nothing ~ ")" if column.is_required else value }}
{%- endif -%}
{%- endmacro %}

{%- macro shown_of(column) -%}
{%- set cell = 'd.' ~ column.name -%}
{%- if column.type == 'flag' -%} transform({{ cell }}, ['0', '1'], ['нет', 'да'], {{ shown(cell) }})
{%- else -%} {{ shown(cell) }}
{%- endif -%}
{%- endmacro %}

{#- `problems` are more conditions, SQL over the text columns `d.…`: (condition, field, reason). -#}
{%- macro table_staging(kind, headings, problems=()) -%}
{%- set ns = namespace(checked=[]) -%}
{%- for column in kind.columns -%}
{%- set ns.checked = ns.checked + [(column.name, type_of(column))] -%}
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
