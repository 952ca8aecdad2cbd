-- The course of every indicator: one row per indicator and month, from the first programme year on.
SELECT
    indicator,
    month,
    numerator,
    denominator,
    fact,
    plan,
    final_plan,
    forecast,
    status
FROM marts.indicators_monthly
ORDER BY indicator, month
