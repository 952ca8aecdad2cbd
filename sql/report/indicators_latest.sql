-- The state of the programme: one row per indicator in the headline month, and one in the month after it that
-- is preliminary. The view says which months these are.
SELECT
    role,
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
    due_year,
    goal,
    status,
    edition_date,
    data_through,
    computed_at,
    note
FROM marts.indicators_latest
ORDER BY role, indicator
