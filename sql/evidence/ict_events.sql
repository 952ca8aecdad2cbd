-- Events held through the as-of day.
{% from 'macros/evidence.sql' import valued, named, files %}
WITH {{ files('registers') }}
SELECT
    m.month AS month,
    'event' AS kind,
    concat(formatDateTime(e.held_on, '%d.%m.%Y'), ' ', e.title) AS part,
    1.0 AS numerator_part,
    CAST(NULL, 'Nullable(Float64)') AS denominator_part,
    arraySort(arrayDistinct(e.load_ids)) AS load_ids,
    {{ named('arrayZip(e.load_ids, e.sheets)') }} AS sources
FROM ({{ valued('ict_events') }}) AS m
CROSS JOIN core.events AS e
WHERE e.held_on <= m.as_of
    AND e.held_on >= makeDate({{ 'm.year' if spans['ict_events'] == 'year' else first_year }}, 1, 1)
