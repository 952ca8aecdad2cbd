-- Year × indicator, and the money: the plan of 1 January, of 31 December and of today, what changed it within
-- the year, and whether it was reached by the first and by the last of them.
{% from 'macros/indicator_years.sql' import indicator_years, year_editions %}
{% from 'macros/money.sql' import executed_by_year %}
WITH plans AS
(
    SELECT year, code AS subject, direction, relation, plan_january, plan_december, plan_now, fact
    FROM ({{ indicator_years(today) }})
    UNION ALL
    SELECT
        e.year, 'funding', 'up', '',
        anyOrNullIf(toFloat64(f.plan), f.edition_date = e.january),
        anyOrNullIf(toFloat64(f.plan), f.edition_date = e.december),
        anyOrNullIf(toFloat64(f.plan), f.edition_date = e.now),
        toFloat64(any(x.executed))
    FROM ({{ year_editions(today) }}) AS e
    LEFT JOIN reference.programme_funding AS f ON f.year = e.year
    LEFT JOIN
    (
        {{ executed_by_year() }}
    ) AS x ON x.year = e.year
    GROUP BY ALL
),
values AS
(
    SELECT edition_date, toString(code) AS subject, year, toNullable(target) AS value
    FROM reference.programme_targets
    UNION ALL
    SELECT edition_date, 'funding', year, toNullable(toFloat64(plan)) FROM reference.programme_funding
),
changes AS
(
    SELECT subject, year, max(edition_date) AS changed_on, argMax(document, edition_date) AS document
    FROM
    (
        SELECT
            s.subject AS subject,
            s.year AS year,
            e.edition_date AS edition_date,
            e.document AS document,
            v.value AS value,
            lagInFrame(v.value) OVER
            (
                PARTITION BY s.subject, s.year ORDER BY e.edition_date
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS value_before
        FROM (SELECT DISTINCT subject, year FROM values) AS s
        CROSS JOIN reference.programme_editions AS e
        LEFT JOIN values AS v
            ON v.subject = s.subject AND v.year = s.year AND v.edition_date = e.edition_date
    )
    WHERE toYear(edition_date) = year AND edition_date > makeDate(year, 1, 1)
        AND value IS DISTINCT FROM value_before
    GROUP BY subject, year
)
SELECT
    p.year AS year,
    p.subject AS subject,
    p.plan_january AS plan_january,
    p.plan_december AS plan_december,
    p.plan_now AS plan_now,
    p.fact AS fact,
    makeDate(p.year, 12, 31) < {{ today | literal }} AS is_over,
    c.changed_on AS changed_on,
    ifNull(c.document, '') AS changed_by,
    dateDiff('day', makeDate(p.year, 1, 1), c.changed_on)
        / toDayOfYear(makeDate(p.year, 12, 31)) AS year_share,
    ifNull(if(p.direction = 'up', p.plan_december < p.plan_january, p.plan_december > p.plan_january), false)
        AND p.subject != 'funding' AS is_eased,
    {%- for day in ('january', 'december') %}
    multiIf(
        p.plan_{{ day }} IS NULL, 'no_plan',
        p.fact IS NULL, 'no_data',
        p.relation = 'equal' AND p.fact = p.plan_{{ day }}, 'achieved',
        p.relation = 'equal', 'not_achieved',
        if(p.direction = 'up', p.fact >= p.plan_{{ day }}, p.fact <= p.plan_{{ day }}), 'achieved',
        'not_achieved'
    ) AS verdict_{{ day }}{{ ',' if not loop.last }}
    {%- endfor %}
FROM plans AS p
LEFT JOIN
(
    SELECT subject, year, toNullable(changed_on) AS changed_on, toNullable(document) AS document FROM changes
) AS c ON c.subject = p.subject AND c.year = p.year
