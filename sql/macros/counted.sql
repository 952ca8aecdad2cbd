{#- A counted indicator from `counts` (day, n: one row per day with something counted), over the year or
    the programme, through the as-of day T (docs/indicators.md#прогноз). `known` is SQL over `p`, a
    month's point: whether there is anything to count from. Forecast over the year: by the year before
    through the same day, if something was counted in its January; else by the days that have passed. Over
    the programme: by the gain a day of the last 365 days, or of the days there are. -#}
{% macro counted(code, counts, known, span, first_year, is_read_from_log=false) -%}
WITH counts AS
(
    {{ counts }}
),
points AS
(
    SELECT *, makeDate(year, 12, 31) AS year_end, makeDate({{ first_year }}, 1, 1) AS first_day
    FROM intermediate.indicator_days
    WHERE code = '{{ code }}' AND as_of IS NOT NULL
),
totals AS
(
    SELECT
        p.month AS month,
        p.year_end AS year_end,
        assumeNotNull(p.as_of) AS as_of,
        p.first_day AS first_day,
        toFloat64(sumIf(c.n, toYear(c.day) = p.year AND c.day <= p.as_of)) AS this_year,
        toFloat64(sumIf(c.n, c.day BETWEEN p.first_day AND p.as_of)) AS programme,
        toFloat64(sumIf(c.n, c.day BETWEEN p.first_day AND p.as_of - 365)) AS programme_before,
        sumIf(c.n, toYear(c.day) = p.year - 1) AS year_before,
        sumIf(c.n, toYear(c.day) = p.year - 1 AND c.day <= p.as_of_before) AS same_before,
        sumIf(c.n, toStartOfMonth(c.day) = makeDate(p.year - 1, 1, 1)) AS january_before,
        maxOrNullIf(c.day, c.day > makeDate(1970, 1, 1) AND c.day <= p.as_of) AS last_day
    FROM points AS p
    CROSS JOIN (SELECT day, n FROM counts UNION ALL SELECT makeDate(1970, 1, 1), 0) AS c
    WHERE {{ known }}
    GROUP BY p.month, p.year_end, p.as_of, p.first_day
)
SELECT
    month,
    {%- if span == 'year' %}
    toNullable(this_year) AS fact,
    if(
        january_before > 0 AND same_before > 0,
        fact * year_before / same_before,
        fact * toDayOfYear(year_end) / toDayOfYear(as_of)
    ) AS forecast,
    CAST(NULL, 'Nullable(Float64)') AS gain_per_day,
    {%- else %}
    toNullable(programme) AS fact,
    toNullable(if(
        as_of - first_day + 1 >= 365,
        (programme - programme_before) / 365,
        programme / (as_of - first_day + 1)
    )) AS gain_per_day,
    fact + gain_per_day * (year_end - as_of) AS forecast,
    {%- endif %}
    fact AS numerator,
    CAST(NULL, 'Nullable(Float64)') AS denominator,
    CAST(NULL, 'Nullable(Float64)') AS fact_before,
    {{ 'toNullable(as_of)' if is_read_from_log else 'last_day' }} AS data_through
FROM totals
{%- endmacro %}
