-- The course of every indicator: one row per indicator and month, from the first programme year on. What is
-- counted is known in complete months, and as far as it goes in the one that is preliminary: the mart carries
-- the sum of an earlier day forward through the others. `as_of` is the day that the fact stands for.
WITH
    (SELECT maxOrNullIf(month, role = 'headline') FROM marts.indicators_latest) AS headline,
    preliminary AS
    (
        SELECT indicator, month FROM marts.indicators_latest WHERE role = 'preliminary' AND is_reached
    )
SELECT
    m.indicator AS indicator,
    m.month AS month,
    ifNull(m.month > headline, true) AS is_preliminary,
    m.is_complete OR (m.indicator, m.month) IN (SELECT indicator, month FROM preliminary) AS is_known,
    if(is_known, m.numerator, NULL) AS numerator,
    if(is_known, m.denominator, NULL) AS denominator,
    if(is_known, m.fact, NULL) AS fact,
    m.plan AS plan,
    m.final_plan AS final_plan,
    least(
        toLastDayOfMonth(m.month),
        if(m.is_complete, toDate(m.computed_at), greatest(m.month, ifNull(m.data_through, m.month)))
    ) AS as_of,
    if(is_known, toString(m.status), 'no_data') AS status
FROM marts.indicators_monthly AS m
ORDER BY indicator, month
