-- Indicator × month: fact and forecast of sql/indicators as of the day of intermediate.indicator_days, the
-- plan of the edition in force at the month's end, and whether its goal will be met
-- (docs/indicators.md#состояние).
WITH in_force AS
(
    SELECT m.month AS month, m.year AS year, max(e.edition_date) AS edition_date
    FROM intermediate.programme_months AS m CROSS JOIN reference.programme_editions AS e
    WHERE e.edition_date <= m.month_end
    GROUP BY month, year
),
plans AS
(
    SELECT
        f.month AS month,
        t.code AS code,
        anyOrNullIf(t.target, t.year = f.year) AS plan,
        anyOrNullIf(t.target, t.year = e.last_year) AS final_plan,
        minOrNullIf(t.year, t.year >= f.year) AS due_year,
        argMinOrNullIf(t.target, t.year, t.year >= f.year) AS goal
    FROM in_force AS f
    INNER JOIN reference.programme_editions AS e ON e.edition_date = f.edition_date
    INNER JOIN reference.programme_targets AS t ON t.edition_date = f.edition_date
    GROUP BY f.month, f.edition_date, t.code
),
facts AS
(
{% include 'macros/indicator_course.sql' %}
),
assessed AS
(
    SELECT
        x.month AS month,
        x.year AS year,
        i.code AS indicator,
        i.name AS name,
        i.unit AS unit,
        i.direction AS direction,
        if(x.fact IS NULL, NULL, x.numerator) AS numerator,
        if(x.fact IS NULL, NULL, x.denominator) AS denominator,
        x.fact AS fact,
        p.plan AS plan,
        p.final_plan AS final_plan,
        if(x.fact IS NULL, NULL, x.forecast) AS forecast,
        p.due_year AS due_year,
        p.goal AS goal,
        makeDate({{ first_year - 1 }}, 12, 31) AS first_eve,
        makeDate(ifNull(p.due_year, 2000), 12, 31) AS due_day,
        x.year_end AS year_end,
        multiIf(
            goal IS NULL OR fact IS NULL, NULL,
            x.kind = 'year' OR due_year = x.year, forecast,
            x.kind = 'programme', forecast + x.gain_per_day * (due_day - year_end),
            x.kind = 'growth', forecast + (due_year - x.year) * x.yearly_gain,
            greatest(0, least(100, assumeNotNull(forecast + (due_year - x.year) * x.yearly_gain)))
        ) AS forecast_due,
        multiIf(
            goal IS NULL OR fact IS NULL, NULL,
            x.kind = 'year', goal * toDayOfYear(x.as_of) / toDayOfYear(year_end),
            x.kind IN ('growth', 'programme'), goal * (x.as_of - first_eve) / (due_day - first_eve),
            due_day = x.earliest.2, goal,
            x.earliest.1 + (goal - x.earliest.1) * (x.month_end - x.earliest.2) / (due_day - x.earliest.2)
        ) AS expected,
        x.is_complete AS is_complete,
        e.edition_date AS edition_date,
        if(i.code IN ('site_visitors_growth', 'smev_requests'), x.as_of, x.data_through) AS data_through
    FROM facts AS x
    INNER JOIN reference.programme_indicators AS i ON i.code = x.code
    LEFT JOIN plans AS p ON p.month = x.month AND p.code = x.code
    LEFT JOIN (SELECT month, toNullable(edition_date) AS edition_date FROM in_force) AS e ON e.month = x.month
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
    due_year,
    goal,
    forecast_due,
    expected,
    multiIf(
        fact IS NULL, 'no_data',
        goal IS NULL, 'on_track',
        direction = 'up' AND fact >= goal OR direction = 'down' AND fact <= goal, 'achieved',
        direction = 'up' AND forecast_due >= goal OR direction = 'down' AND forecast_due <= goal, 'on_track',
        direction = 'up' AND forecast_due >= 0.9 * goal OR direction = 'down' AND forecast_due <= 1.1 * goal,
        'at_risk',
        'off_track'
    ) AS status,
    is_complete,
    edition_date,
    data_through,
    toDateTime({{ computed_at | literal }}, 'UTC') AS computed_at
FROM assessed
