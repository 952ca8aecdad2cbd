-- Form of events (docs/reports.md): those planned for the year by the edition in force at the period's end,
-- then those that were held besides. Held through the period's end.
WITH
    (
        SELECT maxOrNull(edition_date) FROM reference.programme_editions
        WHERE edition_date <= {{ last | literal }}
    ) AS newest,
    held AS
    (
        SELECT title_key, min(title) AS title, min(held_on) AS held_on
        FROM core.events AS e
        WHERE e.held_on BETWEEN makeDate({{ first.year }}, 1, 1) AND {{ last | literal }}
        GROUP BY title_key
    ),
    planned AS
    (
        SELECT code, name, due, result, replaceRegexpAll(lowerUTF8(name), '\\s+', '') AS title_key
        FROM reference.programme_events
        WHERE edition_date = assumeNotNull(newest) AND toYear(due) = {{ first.year }}
    )
SELECT *
FROM
(
    SELECT
        p.code AS code,
        p.name AS name,
        toNullable(p.due) AS due,
        p.result AS result,
        h.held_on AS held_on,
        multiIf(
            h.held_on > p.due, 'выполнено позже срока',
            h.held_on IS NOT NULL, 'выполнено',
            p.due > {{ last | literal }}, 'срок не наступил',
            'не выполнено'
        ) AS mark
    FROM planned AS p
    LEFT JOIN (SELECT title_key, toNullable(held_on) AS held_on FROM held) AS h ON h.title_key = p.title_key
    UNION ALL
    SELECT '', title, CAST(NULL, 'Nullable(Date)'), '', toNullable(held_on), 'вне плана'
    FROM held
    WHERE title_key NOT IN (SELECT title_key FROM planned)
)
ORDER BY due IS NULL, due, code, held_on, name
