-- Money of the programme in thousand roubles: one row a year.
SELECT
    year,
    plan / 1000 AS plan_thousands,
    executed / 1000 AS executed_thousands,
    execution_share,
    edition_date
FROM marts.programme_funding_yearly
ORDER BY year
