-- One row per year of the programme, prolonged years included: the plan of the edition in force at the
-- year's end, and the cash execution as of the year's latest date.
{% from 'macros/money.sql' import executed_by_year %}
WITH years AS
(
    SELECT toUInt16({{ first_year }} + number) AS year, makeDate(year, 12, 31) AS year_end
    FROM numbers({{ end_year - first_year + 1 }})
),
editions AS
(
    SELECT y.year AS year, maxOrNull(e.edition_date) AS edition_date
    FROM years AS y CROSS JOIN reference.programme_editions AS e
    WHERE e.edition_date <= y.year_end
    GROUP BY year
),
executed AS
(
    {{ executed_by_year() }}
)
SELECT
    y.year AS year,
    f.plan AS plan,
    x.executed AS executed,
    toFloat64(x.executed) / nullIf(toFloat64(f.plan), 0) AS execution_share,
    e.edition_date AS edition_date
FROM years AS y
LEFT JOIN editions AS e ON e.year = y.year
LEFT JOIN
(
    SELECT year, edition_date, toNullable(plan) AS plan FROM reference.programme_funding
) AS f ON f.year = y.year AND f.edition_date = assumeNotNull(e.edition_date)
LEFT JOIN executed AS x ON x.year = y.year
