-- Money of the programme in thousand roubles: one row a year.
SELECT
    year,
    -- A decimal keeps its scale in a division: without three more digits kopecks are cut off.
    toDecimal128(plan, 5) / 1000 AS plan_thousands,
    toDecimal128(executed, 5) / 1000 AS executed_thousands,
    execution_share,
    edition_date
FROM marts.programme_funding_yearly
ORDER BY year
