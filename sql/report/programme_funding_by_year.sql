-- Money of the programme in thousand roubles: one row per year. `is_ahead`: the year has not begun.
SELECT
    year,
    -- A division keeps the scale of the decimal: without three more digits kopecks would be cut off.
    toDecimal128(plan, 5) / 1000 AS plan_thousands,
    toDecimal128(executed, 5) / 1000 AS executed_thousands,
    execution_share,
    edition_date,
    ifNull(year > (SELECT max(toYear(computed_at)) FROM marts.indicators_latest), false) AS is_ahead
FROM marts.programme_funding_yearly
ORDER BY year
