-- The state of the programme: one row per indicator, in the last month of the marts.
SELECT
    indicator,
    name,
    unit,
    month,
    year,
    numerator,
    denominator,
    fact,
    plan,
    final_plan,
    forecast,
    status,
    edition_date,
    data_through,
    computed_at
FROM marts.indicators_monthly
WHERE month = (SELECT max(month) FROM marts.indicators_monthly)
ORDER BY indicator
