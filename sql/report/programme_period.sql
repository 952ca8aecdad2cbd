-- First and last programme year, one row; no row while the marts are empty.
SELECT
    min(year) AS first_year,
    max(year) AS last_year
FROM marts.programme_funding_yearly
HAVING count() > 0
