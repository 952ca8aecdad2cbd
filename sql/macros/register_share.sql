{#- The share by the latest register that is not later than the month's end. `versions` selects as_of, part
    and whole. -#}
{% macro register_share(versions) -%}
WITH versions AS
(
    {{ versions }}
),
latest AS
(
    SELECT m.month AS month, max(v.as_of) AS as_of
    FROM intermediate.programme_months AS m CROSS JOIN versions AS v
    WHERE v.as_of <= m.month_end
    GROUP BY month
)
SELECT
    l.month AS month,
    toNullable(toFloat64(v.part)) AS numerator,
    toNullable(toFloat64(v.whole)) AS denominator,
    numerator / nullIf(denominator, 0) * 100 AS fact,
    fact AS forecast,
    CAST(NULL, 'Nullable(Float64)') AS fact_before,
    CAST(NULL, 'Nullable(Float64)') AS gain_per_day,
    toNullable(l.as_of) AS data_through
FROM latest AS l
INNER JOIN versions AS v ON v.as_of = l.as_of
{%- endmacro %}
