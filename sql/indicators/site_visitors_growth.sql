-- Growth of the sites' visitors, %: distinct (site, visitor) pairs from January through the month, compared
-- with the same months of the baseline year (docs/indicators.md). There is no fact if no day of these months
-- is loaded, or if the baseline has no visitor. Forecast: the year's visitors, projected by the year before,
-- compared with the whole baseline year.
WITH visits AS
(
{% include 'macros/visits.sql' %}
),
new_by_month AS
(
    SELECT year, month_number, count() AS visitors
    FROM
    (
        SELECT toYear(day) AS year, counter_id, visitor, toMonth(min(day)) AS month_number
        FROM visits
        GROUP BY year, counter_id, visitor
    )
    GROUP BY year, month_number
),
days_by_month AS
(
    SELECT toYear(day) AS year, toMonth(day) AS month_number, count() AS days, max(day) AS last_day
    FROM intermediate.site_calendar
    GROUP BY year, month_number
),
-- Running totals of every year, one row per month, so that months without visits carry the total forward.
through AS
(
    SELECT
        y.year AS year,
        m.month_number AS month_number,
        sum(v.visitors) OVER so_far AS visitors,
        sum(d.days) OVER so_far AS days,
        max(d.last_day) OVER (ORDER BY y.year, m.month_number) AS last_day
    FROM
    (
        SELECT DISTINCT year FROM days_by_month UNION DISTINCT SELECT year FROM intermediate.programme_months
    ) AS y
    CROSS JOIN (SELECT toUInt8(number + 1) AS month_number FROM numbers(12)) AS m
    LEFT JOIN new_by_month AS v ON v.year = y.year AND v.month_number = m.month_number
    LEFT JOIN days_by_month AS d ON d.year = y.year AND d.month_number = m.month_number
    WINDOW so_far AS (PARTITION BY y.year ORDER BY m.month_number)
),
wide AS
(
    SELECT
        m.month AS month,
        if(t.days > 0, toNullable(toFloat64(t.visitors)), NULL) AS numerator,
        {%- if baseline_value %}
        {{ baseline_value }} * dateDiff('day', toStartOfYear(m.month), m.month_end + 1)
            / dateDiff('day', toStartOfYear(m.month), toStartOfYear(addYears(m.month, 1))) AS baseline,
        {{ baseline_value }} AS whole_baseline,
        {%- else %}
        toFloat64(b.visitors) AS baseline,
        toFloat64(w.visitors) AS whole_baseline,
        {%- endif %}
        if(
            january_before.visitors > 0,
            before.visitors / same_before.visitors,
            12 / m.month_number
        ) AS projection,
        t.last_day AS last_day
    FROM intermediate.programme_months AS m
    LEFT JOIN through AS t ON t.year = m.year AND t.month_number = m.month_number
    LEFT JOIN through AS same_before
        ON same_before.year = m.year - 1 AND same_before.month_number = m.month_number
    LEFT JOIN (SELECT * FROM through WHERE month_number = 1) AS january_before
        ON january_before.year = m.year - 1
    LEFT JOIN (SELECT * FROM through WHERE month_number = 12) AS before ON before.year = m.year - 1
    {%- if not baseline_value %}
    LEFT JOIN (SELECT * FROM through WHERE year = {{ baseline_year }}) AS b ON b.month_number = m.month_number
    CROSS JOIN
    (
        SELECT sum(visitors) AS visitors FROM new_by_month WHERE year = {{ baseline_year }}
    ) AS w
    {%- endif %}
)
SELECT
    month,
    numerator,
    nullIf(baseline, 0) AS denominator,
    (numerator / nullIf(baseline, 0) - 1) * 100 AS fact,
    if(fact IS NULL, NULL, (numerator * projection / nullIf(whole_baseline, 0) - 1) * 100) AS forecast,
    if(numerator IS NULL, NULL, toNullable(last_day)) AS data_through
FROM wide
