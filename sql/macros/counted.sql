{#- A counted indicator from `counts` (month, n, last_day: one row per month with something counted), over the
    year or the programme (docs/indicators.md#forecast). Forecast over the year: by the year before if
    something was counted in its January, else by the months elapsed. Over the programme: by the average
    monthly gain of the last 12 months, or of the months there are. `loaded` is true if anything to count from
    was ever loaded: otherwise there is no row and so no fact. -#}
{% macro counted(counts, loaded, span, first_year, source='') -%}
WITH counts AS
(
    {{ counts }}
),
totals AS
(
    SELECT
        m.month AS month,
        m.month_number AS month_number,
        (m.year - {{ first_year }}) * 12 + m.month_number AS months_elapsed,
        sumIf(c.n, toYear(c.month) = m.year AND c.month <= m.month) AS this_year,
        sumIf(c.n, c.month >= makeDate({{ first_year }}, 1, 1) AND c.month <= m.month) AS programme,
        sumIf(c.n, c.month >= makeDate({{ first_year }}, 1, 1) AND c.month <= addMonths(m.month, -12))
            AS programme_before,
        sumIf(c.n, toYear(c.month) = m.year - 1) AS year_before,
        sumIf(c.n, toYear(c.month) = m.year - 1 AND c.month <= addMonths(m.month, -12)) AS same_before,
        sumIf(c.n, c.month = makeDate(m.year - 1, 1, 1)) AS january_before,
        maxOrNullIf(c.last_day, c.month <= m.month) AS last_day
    FROM intermediate.programme_months AS m
    CROSS JOIN
    (
        SELECT month, n, last_day FROM counts
        UNION ALL
        SELECT makeDate(1970, 1, 1), 0, makeDate(1970, 1, 1)
    ) AS c
    GROUP BY month, month_number, months_elapsed, m.year
)
SELECT
    month,
    {%- if span == 'year' %}
    toNullable(toFloat64(this_year)) AS numerator,
    if(
        january_before > 0,
        this_year * year_before / same_before,
        this_year * 12 / month_number
    ) AS forecast,
    {%- else %}
    toNullable(toFloat64(programme)) AS numerator,
    programme + (12 - month_number)
        * if(months_elapsed >= 12, (programme - programme_before) / 12, programme / months_elapsed)
        AS forecast,
    {%- endif %}
    CAST(NULL, 'Nullable(Float64)') AS denominator,
    numerator AS fact,
    {%- if source %}
    if(
        last_day > makeDate(1970, 1, 1),
        least(toLastDayOfMonth(month), reach.data_through),
        NULL
    ) AS data_through
    {%- else %}
    nullIf(last_day, makeDate(1970, 1, 1)) AS data_through
    {%- endif %}
FROM totals
{%- if source %}
CROSS JOIN (SELECT data_through FROM intermediate.source_reach WHERE source = '{{ source }}') AS reach
{%- endif %}
WHERE {{ loaded }}
{%- endmacro %}
