-- Visitors by site and month of their first visit in the year, on matched days through the as-of day; beside
-- them those of the same days of the base year.
{% from 'macros/evidence.sql' import valued %}
{%- set has_value = baseline_value is not none %}
WITH
(days, until) -> arrayFilter(one -> one.1 <= until, days) AS through,
(days) -> if(
    empty(days),
    [],
    arrayMap(
        counter -> concat(
            'счётчик ', toString(counter), ': ',
            formatDateTime(
                arrayMin(day -> if(day.3 = counter, day.1, toDate('2149-06-06')), days), '%d.%m.%Y'),
            '–',
            formatDateTime(arrayMax(day -> if(day.3 = counter, day.1, toDate(0)), days), '%d.%m.%Y')
        ),
        arraySort(arrayDistinct(arrayMap(d -> d.3, days)))
    )
) AS shown,
valued AS
(
    {{ valued('site_visitors_growth') }}
),
-- The loads of a site's days, by month.
loads AS
(
    SELECT
        s.site_id AS site_id,
        toStartOfMonth(toDate(splitByChar('/', p.unit_key)[2])) AS month,
        arraySort(groupArray((
            toDate(splitByChar('/', p.unit_key)[2]), p.load_id, s.counter_id
        ))) AS days
    FROM ops.published AS p
    INNER JOIN reference.programme_sites AS s ON toString(s.counter_id) = splitByChar('/', p.unit_key)[1]
    WHERE p.source = 'metrica' AND p.dataset = 'visits'
    GROUP BY site_id, month
),
parts AS
(
    SELECT
        m.month AS month,
        m.as_of AS as_of,
        v.site_id AS site_id,
        toStartOfMonth(v.day) AS part_month,
        makeDate({{ baseline_year or 1970 }}, toMonth(part_month), 1) AS base_month,
        makeDate({{ baseline_year or 1970 }}, toMonth(m.as_of), toDayOfMonth(m.as_of)) AS base_as_of,
        sum(v.visitors) AS visitors,
        sum(v.base_visitors) AS base_visitors
    FROM valued AS m
    INNER JOIN intermediate.first_visits AS v ON v.year = m.year
    WHERE v.day <= m.as_of
    GROUP BY month, as_of, site_id, part_month
    HAVING visitors > 0 OR base_visitors > 0
)
SELECT
    p.month AS month,
    'site_month' AS kind,
    concat(s.name, ', ', formatDateTime(p.part_month, '%m.%Y')) AS part,
    toNullable(toFloat64(p.visitors)) AS numerator_part,
    {%- if has_value %}
    CAST(NULL, 'Nullable(Float64)') AS denominator_part,
    through(own.days, p.as_of) AS days,
    {%- else %}
    toNullable(toFloat64(p.base_visitors)) AS denominator_part,
    arrayConcat(through(base.days, p.base_as_of), through(own.days, p.as_of)) AS days,
    {%- endif %}
    arrayMap(one -> one.2, days) AS load_ids,
    {%- if has_value %}
    shown(days) AS sources
    {%- else %}
    arrayConcat(shown(through(base.days, p.base_as_of)), shown(through(own.days, p.as_of))) AS sources
    {%- endif %}
FROM parts AS p
LEFT JOIN reference.programme_sites AS s ON s.counter_id = p.site_id
LEFT JOIN loads AS own ON own.site_id = p.site_id AND own.month = p.part_month
LEFT JOIN loads AS base ON base.site_id = p.site_id AND base.month = p.base_month
{%- if has_value %}
UNION ALL
SELECT
    month, 'site_month', 'Базовое значение из паспорта программы', NULL, denominator, [], [], []
FROM valued
{%- endif %}
