-- Edition × subject × year: the plan, and that of the edition before. A plan that an edition drops has a row
-- without a value.
WITH editions AS
(
    SELECT
        edition_date,
        document,
        lagInFrame(toNullable(edition_date)) OVER
        (
            ORDER BY edition_date ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS edition_before
    FROM reference.programme_editions
),
plans AS
(
    SELECT edition_date, toString(code) AS subject, year, target AS value FROM reference.programme_targets
    UNION ALL
    SELECT edition_date, 'funding', year, toFloat64(plan) FROM reference.programme_funding
),
named AS
(
    SELECT e.edition_date AS edition_date, p.subject AS subject, p.year AS year
    FROM editions AS e INNER JOIN plans AS p ON p.edition_date = e.edition_date
    UNION DISTINCT
    SELECT e.edition_date, p.subject, p.year
    FROM editions AS e INNER JOIN plans AS p ON p.edition_date = assumeNotNull(e.edition_before)
)
SELECT
    n.edition_date AS edition_date,
    e.document AS document,
    n.subject AS subject,
    n.year AS year,
    p.value AS value,
    b.value AS previous_value,
    greatest(0, least(1,
        dateDiff('day', makeDate(n.year, 1, 1), n.edition_date) / toDayOfYear(makeDate(n.year, 12, 31))
    )) AS year_share
FROM named AS n
INNER JOIN editions AS e ON e.edition_date = n.edition_date
LEFT JOIN (SELECT edition_date, subject, year, toNullable(value) AS value FROM plans) AS p
    ON p.edition_date = n.edition_date AND p.subject = n.subject AND p.year = n.year
LEFT JOIN (SELECT edition_date, subject, year, toNullable(value) AS value FROM plans) AS b
    ON b.edition_date = assumeNotNull(e.edition_before) AND b.subject = n.subject AND b.year = n.year
