-- What each value that is shown was computed from: of shares first what is lacking, the most lacking first,
-- then what is whole; of others all parts by size, events by day. The first parts of each group, and how
-- many there are.
WITH shown AS
(
    SELECT indicator, month, fact
    FROM marts.indicators_latest
    WHERE role = (SELECT min(role) FROM marts.indicators_latest)
)
SELECT *
FROM
(
    SELECT
        e.indicator AS indicator,
        e.kind AS kind,
        e.part AS part,
        e.numerator_part AS numerator,
        e.denominator_part AS denominator,
        multiIf(
            e.kind = 'site_month' OR e.denominator_part IS NULL, 'sized',
            e.numerator_part < e.denominator_part, 'lacking',
            'whole'
        ) AS standing,
        row_number() OVER
        (
            PARTITION BY indicator, standing
            ORDER BY
                if(standing = 'lacking', e.denominator_part - e.numerator_part, e.numerator_part) DESC,
                if(e.kind = 'event', parseDateTimeOrNull(substring(part, 1, 10), '%d.%m.%Y'), NULL) DESC,
                part
        ) AS place,
        count() OVER (PARTITION BY indicator, standing) AS parts,
        sum(numerator) OVER (PARTITION BY indicator) AS numerator_of_all
    FROM marts.indicator_evidence AS e
    INNER JOIN shown AS s ON s.indicator = e.indicator AND s.month = e.month
    WHERE s.fact IS NOT NULL
)
WHERE place <= 50
ORDER BY indicator, standing, place
