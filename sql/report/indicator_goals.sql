-- The plan of each year that has one: of a past year as its last month had it, of others by the edition that
-- is in force in the month that is shown.
WITH
    (SELECT min((role, year)).2 FROM marts.indicators_latest) AS shown_year,
    (SELECT min((role, edition_date)).2 FROM marts.indicators_latest) AS in_force
SELECT *
FROM
(
    SELECT indicator, year, argMax(plan, month) AS goal
    FROM marts.indicators_monthly
    WHERE year < shown_year
    GROUP BY indicator, year
    HAVING goal IS NOT NULL
    UNION ALL
    SELECT subject AS indicator, year, value AS goal
    FROM marts.programme_editions
    WHERE edition_date = in_force AND year >= shown_year AND value IS NOT NULL AND subject != 'funding'
)
ORDER BY indicator, year
