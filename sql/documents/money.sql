-- Form of money (docs/reports.md), roubles: plan of 1 January, last edition, budget schedule and cash of the
-- register's latest date in the year through the period's end; the whole, then by source where it is known.
{% from 'macros/money.sql' import source_of %}
WITH
    (
        SELECT maxOrNull(edition_date) FROM reference.programme_editions
        WHERE edition_date <= makeDate({{ first.year }}, 1, 1)
    ) AS january,
    (
        SELECT maxOrNull(edition_date) FROM reference.programme_editions
        WHERE edition_date <= {{ last | literal }}
    ) AS newest,
    (
        SELECT maxOrNull(as_of) FROM core.budget
        WHERE year = {{ first.year }} AND as_of <= {{ last | literal }}
    ) AS register_day,
    plans AS
    (
        SELECT edition_date, 'total' AS source, plan FROM reference.programme_funding
        WHERE year = {{ first.year }}
        UNION ALL
        SELECT edition_date, toString(source), plan FROM reference.programme_funding_sources
        WHERE year = {{ first.year }}
    ),
    items AS
    (
        SELECT
            {{ source_of('item') }} AS source,
            plan,
            executed
        FROM core.budget
        WHERE year = {{ first.year }} AND as_of = assumeNotNull(register_day)
    ),
    cash AS
    (
        SELECT 'total' AS source, sumOrNull(plan) AS scheduled, sumOrNull(executed) AS executed FROM items
        UNION ALL
        SELECT source, sumOrNull(plan), sumOrNull(executed) FROM items WHERE source != '' GROUP BY source
    ),
    ['total', 'municipal', 'regional', 'federal', 'extrabudgetary'] AS sources
SELECT
    s.source AS source,
    toFloat64(anyOrNullIf(p.plan, p.edition_date = january)) AS plan_january,
    toFloat64(anyOrNullIf(p.plan, p.edition_date = newest)) AS plan_newest,
    toFloat64(any(c.scheduled)) AS scheduled,
    toFloat64(any(c.executed)) AS executed,
    january AS january_edition,
    newest AS newest_edition,
    register_day
FROM (SELECT arrayJoin(sources) AS source) AS s
LEFT JOIN plans AS p ON p.source = s.source
LEFT JOIN cash AS c ON c.source = s.source
GROUP BY s.source
HAVING s.source = 'total' OR plan_january IS NOT NULL OR plan_newest IS NOT NULL OR executed IS NOT NULL
ORDER BY indexOf(sources, s.source)
