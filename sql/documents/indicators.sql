-- Form of indicators (docs/reports.md): the last month of the period that the marts know, and December of the
-- year before. In the order of the passport.
WITH (
    SELECT max(month)
    FROM {{ values }}
    WHERE {{ kept }} AND month BETWEEN {{ first | literal }} AND {{ last | literal }}
) AS shown
SELECT
    i.position AS position,
    v.indicator AS indicator,
    v.name AS name,
    v.unit AS unit,
    i.okei AS okei,
    i.direction AS direction,
    i.relation AS relation,
    i.responsible AS responsible,
    b.fact AS fact_before,
    v.plan AS plan,
    v.fact AS fact,
    if(i.direction = 'up', v.fact / nullIf(v.plan, 0), v.plan / nullIf(v.fact, 0)) AS attainment,
    toString(v.status) AS status,
    v.is_complete AS is_complete,
    v.data_through AS data_through,
    v.month AS month,
    v.computed_at AS computed_at
FROM (SELECT * FROM {{ values }} WHERE {{ kept }} AND month = shown) AS v
INNER JOIN reference.programme_indicators AS i ON i.code = v.indicator
LEFT JOIN
(
    SELECT indicator, fact FROM {{ values }}
    WHERE {{ kept }} AND month = makeDate({{ first.year - 1 }}, 12, 1)
) AS b ON b.indicator = v.indicator
ORDER BY position
