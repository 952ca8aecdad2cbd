-- Staging of a Metrica log, from untouched lines to typed rows: a table that stores nothing, views that cast,
-- good rows to core, the others to quarantine. Rendered for each list of reference/metrica_*.yaml and
-- re-created when the text changes.
--
-- A row is one whole line of a part. The context of the insert describes its cells:
--   heading     the part's column names, width of them
--   places      the place of each listed field among them; beyond the width where it is missing
--   first_day   the first counter day of the request; unit_keys[n] and load_ids[n] are those of its n-th day
--   counter_id, time_zone (of the counter), part, first_line (number of the block's first line)
{%- from 'macros/shown.sql' import shown %}
{%- set staging = 'staging.metrica_' ~ source %}

-- Two views in versions before; each row would be taken twice beside them.
DROP VIEW IF EXISTS {{ staging }}_typing_plain SYNC;
DROP VIEW IF EXISTS {{ staging }}_typing_escaped SYNC;
DROP VIEW IF EXISTS {{ staging }}_typing SYNC;
DROP VIEW IF EXISTS {{ staging }}_loading SYNC;
DROP VIEW IF EXISTS {{ staging }}_quarantining SYNC;
DROP TABLE IF EXISTS {{ staging }} SYNC;
DROP TABLE IF EXISTS {{ staging }}_typed SYNC;

CREATE TABLE {{ staging }}
(
    line String COMMENT 'Строка выгрузки без изменений'
)
ENGINE = Null
COMMENT 'Приём: строки выгрузки Logs API, источник {{ source }}';

CREATE TABLE {{ staging }}_typed
(
    unit_key String,
    load_id UUID,
    part UInt32,
    line_number UInt64,
    bad_line String,
    bad_field UInt8,
{%- for field in fields %}
    {{ field.column }} {{ field.typed }}{{ ',' if not loop.last }}
{%- endfor %}
)
ENGINE = Null
COMMENT 'Строки после приведения типов; bad_field — номер первого поля, которое не принято';

-- Plain lines have no escape and no quote: they only need to be cut at tabs. They have a query of their own,
-- since a choice for each line would copy every cell once more, but one view with the others: each view that
-- fills a table runs those below it once more. A union at the top of a view would lose all but its first
-- query. The context is read in the innermost one: read where it is used, it would be parsed dozens of times.
CREATE MATERIALIZED VIEW {{ staging }}_typing TO {{ staging }}_typed AS
SELECT * FROM
(
{%- for is_plain in (true, false) %}
SELECT
    unit_keys[place_of_day] AS unit_key,
    load_ids[place_of_day] AS load_id,
    part,
    line_number,
    if(bad_field = 0, '', line) AS bad_line,
{%- for field in fields %}
    {{ field.cast }} AS {{ field.column }},
{%- endfor %}
    multiIf(
        length(cells) != width, {{ NOT_A_FIELD }},
        is_of_span = 0, {{ day_number }},
{%- for field in fields if field.is_bad %}
        {{ field.is_bad }}, {{ field.number }},
{%- endfor %}
        0) AS bad_field
FROM
(
    SELECT
        *,
        toDate(parseDateTimeOrNull(cells[places[{{ day_number }}]], '%Y-%m-%d', 'UTC')) AS day,
        ifNull(
            length(cells) = width AND day >= first_day AND day < first_day + length(load_ids),
            0
        ) AS is_of_span,
        if(is_of_span = 1, assumeNotNull(day), first_day) AS unit_day,
        toUInt32(unit_day - first_day) + 1 AS place_of_day
{%- for field in fields if field.literal %},
        {{ field.literal }} AS {{ field.column }}_literal
{%- endfor %}
    FROM
    (
        SELECT
            *,
{%- if is_plain %}
            splitByChar('\t', line) AS raw_cells,
            raw_cells AS cells
{%- else %}
            arrayMap(c -> metrica_unquoted(c), splitByChar('\t', line)) AS raw_cells,
            arrayMap(c -> metrica_unescaped(c), raw_cells) AS cells
{%- endif %}
        FROM
        (
            SELECT
                line,
                JSONExtract(context, 'first_line', 'UInt64') + rowNumberInBlock() AS line_number,
                position(line, '\\') = 0 AND position(line, '"') = 0 AS is_plain,
                getSetting('log_comment') AS context,
                JSONExtract(context, 'places', 'Array(UInt16)') AS places,
                JSONExtract(context, 'width', 'UInt16') AS width,
                JSONExtract(context, 'unit_keys', 'Array(String)') AS unit_keys,
                JSONExtract(context, 'load_ids', 'Array(UUID)') AS load_ids,
                toDateOrZero(JSONExtractString(context, 'first_day')) AS first_day,
                JSONExtract(context, 'counter_id', 'UInt32') AS ordered_counter,
                JSONExtract(context, 'part', 'UInt32') AS part
            FROM {{ staging }}
        )
        WHERE {{ '' if is_plain else 'NOT ' }}is_plain
    )
)
{{- '\nUNION ALL' if is_plain }}
{%- endfor %}
);

CREATE MATERIALIZED VIEW {{ staging }}_loading TO {{ table }} AS
SELECT
    t.unit_key AS unit_key,
    t.load_id AS load_id,
    t.part AS part,
    t.line_number AS line,
{%- for field in fields %}
    {{ field.stored }} AS {{ field.column }}{{ ',' if not loop.last }}
{%- endfor %}
FROM {{ staging }}_typed AS t
-- A text is masked once a block, however many rows hold it: sites have few pages, and masking is dear.
{%- for field in fields if field.masking %}
ANY LEFT JOIN
(
    SELECT text, {{ field.masking }} AS kept
    FROM (SELECT DISTINCT {{ field.column }} AS text FROM {{ staging }}_typed WHERE bad_field = 0)
) AS {{ field.column }}_masked ON {{ field.column }}_masked.text = t.{{ field.column }}
{%- endfor %}
WHERE t.bad_field = 0;

CREATE MATERIALIZED VIEW {{ staging }}_quarantining TO ops.quarantine AS
WITH
    getSetting('log_comment') AS context,
    JSONExtract(context, 'places', 'Array(UInt16)') AS places,
    JSONExtract(context, 'heading', 'Array(String)') AS heading,
    toDateOrZero(JSONExtractString(context, 'first_day')) AS first_day,
    first_day + length(JSONExtractArrayRaw(context, 'load_ids')) - 1 AS last_day,
    (c -> {{ shown('c') }}) AS shown,
    splitByChar('\t', t.bad_line) AS raw_cells,
    places[bad_field] AS place
SELECT
    load_id,
    'metrica' AS source,
    concat(unit_key, '{{ label_suffix }}') AS unit,
    concat('part ', toString(part)) AS sheet,
    line_number AS line,
    heading[place] AS field,
    if(
        bad_field = {{ NOT_A_FIELD }},
        concat(toString(length(raw_cells)), ' cells where the heading has ', toString(length(heading))),
        concat(
            '\'', shown(raw_cells[place]), '\'',
            if(
                bad_field = {{ day_number }},
                concat(' is not a day of the request, ', toString(first_day), '…', toString(last_day)),
                concat(' ', {{ demands }}[bad_field]))
        )) AS reason,
    arrayStringConcat(arrayMap(c -> shown(c), raw_cells), '	') AS masked_row
FROM {{ staging }}_typed AS t
WHERE bad_field != 0;
