-- У каждого показателя паспорта одна строка в каждом месяце программы.
-- severity: fail
SELECT i.code AS code, m.month AS month, count(f.month) AS rows
FROM reference.programme_indicators AS i
CROSS JOIN intermediate.programme_months AS m
LEFT JOIN
(
    SELECT indicator, toNullable(month) AS month FROM marts_next.indicators_monthly
) AS f ON f.indicator = i.code AND f.month = m.month
GROUP BY code, month
HAVING rows != 1
