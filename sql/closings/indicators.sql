-- Fact against plan of each indicator in the last month of a period. deviation: how far the fact is on the
-- wrong side of the plan, in percent of the plan; 0 on the right side, NULL without fact or plan.
SELECT
    i.indicator AS indicator,
    i.name AS name,
    i.unit AS unit,
    i.fact AS fact,
    i.plan AS plan,
    if(r.direction = 'down', i.fact - i.plan, i.plan - i.fact) AS gap,
    multiIf(gap IS NULL, NULL, gap <= 0, 0, gap / i.plan * 100) AS deviation,
    i.is_complete AS is_complete,
    i.data_through AS data_through,
    i.computed_at AS computed_at
FROM marts.indicators_monthly AS i
INNER JOIN reference.programme_indicators AS r ON r.code = i.indicator
WHERE i.month = {{ month | literal }}
ORDER BY r.position
