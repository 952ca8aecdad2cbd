-- Слагаемые каждого показателя дают его числитель и знаменатель.
-- severity: fail
SELECT
    i.indicator AS indicator,
    i.month AS month,
    i.numerator AS numerator,
    e.numerator AS numerator_of_parts,
    i.denominator AS denominator,
    e.denominator AS denominator_of_parts
FROM marts_next.indicators_monthly AS i
LEFT JOIN
(
    SELECT
        indicator,
        month,
        sum(numerator_part) AS numerator,
        sum(denominator_part) AS denominator
    FROM marts_next.indicator_evidence
    GROUP BY indicator, month
) AS e ON e.indicator = i.indicator AND e.month = i.month
WHERE i.fact IS NOT NULL
    AND (
        ifNull(i.numerator, 0) != ifNull(e.numerator, 0)
        OR abs(ifNull(i.denominator, 0) - ifNull(e.denominator, 0)) > 1e-9 * ifNull(i.denominator, 0)
    )
