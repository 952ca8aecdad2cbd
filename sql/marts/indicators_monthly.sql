-- Indicator × month: the fact and forecast of sql/indicators, the plan of the edition in force at the month's
-- end, and the status (docs/indicators.md#status).
WITH in_force AS
(
    SELECT m.month AS month, max(e.edition_date) AS edition_date
    FROM intermediate.programme_months AS m CROSS JOIN reference.programme_editions AS e
    WHERE e.edition_date <= m.month_end
    GROUP BY month
),
targets AS
(
    SELECT edition_date, code, year, toNullable(target) AS target FROM reference.programme_targets
),
planned AS
(
    SELECT
        m.month AS month,
        m.year AS year,
        i.code AS indicator,
        i.name AS name,
        i.unit AS unit,
        f.numerator AS numerator,
        f.denominator AS denominator,
        f.fact AS fact,
        f.forecast AS forecast,
        f.data_through AS data_through,
        e.edition_date AS edition_date,
        p.target AS plan,
        l.target AS final_plan,
        coalesce(plan, final_plan) AS goal
    FROM intermediate.programme_months AS m
    CROSS JOIN reference.programme_indicators AS i
    LEFT JOIN intermediate.indicator_facts AS f ON f.code = i.code AND f.month = m.month
    LEFT JOIN (SELECT month, toNullable(edition_date) AS edition_date FROM in_force) AS e ON e.month = m.month
    LEFT JOIN targets AS p ON p.edition_date = e.edition_date AND p.code = i.code AND p.year = m.year
    LEFT JOIN targets AS l ON l.edition_date = e.edition_date AND l.code = i.code AND l.year = {{ last_year }}
)
SELECT
    month,
    year,
    indicator,
    name,
    unit,
    numerator,
    denominator,
    fact,
    plan,
    final_plan,
    forecast,
    multiIf(
        fact IS NULL, 'no_data',
        goal IS NULL, 'on_track',
        fact >= goal, 'achieved',
        forecast >= goal, 'on_track',
        forecast >= 0.9 * goal, 'at_risk',
        'off_track'
    ) AS status,
    edition_date,
    data_through,
    toDateTime({{ computed_at | literal }}, 'UTC') AS computed_at
FROM planned
