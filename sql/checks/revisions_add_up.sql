-- Изменение закрытого периода равно тому, что дали его причины.
-- severity: fail
SELECT period_start, period_end, version, indicator, difference, explained
FROM
(
    SELECT *, arraySum(one -> one.4, causes) AS explained
    FROM marts_next.indicator_revisions
)
WHERE abs(ifNull(difference, 0) - explained) > 1e-9 * greatest(1, abs(ifNull(reported_fact, 0)))
