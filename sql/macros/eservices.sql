{#- What eservices_share is computed from, by each of its ways (docs/indicators.md#eservices_share): one row a
    month and service with numerator_part and denominator_part, the places (load_id, sheet) of its rows, and
    register (load_id, sheet, file_at), the one that lists it. Of a list these are the municipal services that
    are active at the month's end; of applications those filed in the year through T. -#}
{% macro eservices(way) -%}
{%- if way == 'applications' -%}
SELECT
    m.month AS month,
    toString(a.service_code) AS service_code,
    coalesce(nullIf(any(n.service_name), ''), '(нет в перечне услуг)') AS service_name,
    toFloat64(sum(a.electronic)) AS numerator_part,
    toFloat64(sum(a.filed)) AS denominator_part,
    groupUniqArrayArray(a.places) AS places,
    defaultValueOfTypeName('Tuple(UUID, String, DateTime64(3, \'UTC\'))') AS register
FROM
(
    SELECT
        filed_on,
        service_code,
        countIf(channel IN ('ЕПГУ', 'РПГУ')) AS electronic,
        count() AS filed,
        groupUniqArray((load_id, sheet)) AS places
    FROM core.service_applications
    WHERE status_group NOT IN ('draft', 'failed')
    GROUP BY filed_on, service_code
) AS a
INNER JOIN ({{ eservices_months() }}) AS m ON m.year = toYear(a.filed_on)
LEFT JOIN
(
    SELECT toString(service_code) AS service_code, argMax(service_name, valid_from) AS service_name
    FROM core.service_catalogue
    GROUP BY service_code
) AS n ON n.service_code = toString(a.service_code)
WHERE a.filed_on <= m.as_of
GROUP BY month, service_code
{%- else -%}
{%- set prefix = 'msu_' if way == 'msu_list' else '' -%}
SELECT
    month,
    toString(service_code) AS service_code,
    service_name,
    toFloat64(is_electronic) AS numerator_part,
    1.0 AS denominator_part,
    [(load_id, sheet){{ ', (msu_load_id, msu_sheet)' if way == 'msu_list' }}] AS places,
    ({{ prefix }}load_id, {{ prefix }}sheet, {{ prefix }}file_at) AS register
FROM
(
{% include 'macros/services.sql' %}
)
WHERE is_active AND startsWith(level, 'муницип'){{ ' AND is_listed' if way == 'msu_list' }}
{%- endif %}
{%- endmacro %}

{#- Months with the day T through which applications count. -#}
{% macro eservices_months() -%}
SELECT m.month AS month, m.year AS year, least(m.month_end, assumeNotNull(r.data_through)) AS as_of
    FROM intermediate.programme_months AS m
    CROSS JOIN intermediate.source_reach AS r
    WHERE r.source = 'gosuslugi' AND r.data_through IS NOT NULL
{%- endmacro %}
