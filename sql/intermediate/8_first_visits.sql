-- Year × site × matched day: visitors whose first matched day of the year it is, so that a running total is a
-- distinct count; and the same of the base year, on the day that the base day is compared with (none where
-- the passport gives the base value).
--
-- A day's numbers follow from it and the days before it: the days before the first one that changed are
-- taken over, and only those who came since are looked for among the visitors before.
{% from 'macros/periods.sql' import kept with context %}
{%- from 'macros/visits.sql' import visits with context %}
{%- macro firsts(which) -%}
    SELECT
        r.year AS year,
        r.site_id AS site_id,
        r.is_base AS is_base,
        v.visitor AS visitor,
        min(r.year_day) AS first_day
    FROM
    (
        {{ visits("SELECT counter_id, day FROM to_read WHERE " ~ which) }}
    ) AS v
    INNER JOIN (SELECT * FROM to_read WHERE {{ which }}) AS r
        ON r.counter_id = v.counter_id AND r.day = v.day
    GROUP BY year, site_id, is_base, visitor
{%- endmacro %}
WITH
to_read AS
(
    SELECT
        w.year AS year,
        w.site_id AS site_id,
        w.day AS year_day,
        s.counter_id AS counter_id,
        w.since AS since,
        visit.1 AS is_base,
        visit.2 AS day
    FROM intermediate.wanted_days AS w
    INNER JOIN reference.programme_sites AS s ON s.site_id = w.site_id
    ARRAY JOIN [(false, w.day){{ ', (true, w.base_day)' if baseline_value is none }}] AS visit
    WHERE w.since IS NOT NULL
),
counted AS
(
    SELECT
        year,
        site_id,
        first_day AS day,
        countIf(NOT is_base) AS visitors,
        countIf(is_base) AS base_visitors
    FROM
    (
        {{ firsts('year_day >= since') }}
    )
    WHERE (year, site_id, is_base, visitor) NOT IN
    (
        SELECT r.year, r.site_id, r.is_base, v.visitor
        FROM
        (
            {{ visits('SELECT counter_id, day FROM to_read WHERE year_day < since') }}
        ) AS v
        INNER JOIN (SELECT * FROM to_read WHERE year_day < since) AS r
            ON r.counter_id = v.counter_id AND r.day = v.day
        WHERE v.visitor IN
        (
            -- Nobody came before where the year's first matched day changed.
            SELECT visitor FROM
            (
                {{ firsts('year_day >= since AND (year, site_id) IN '
                          '(SELECT year, site_id FROM to_read WHERE year_day < since)') }}
            )
        )
    )
    GROUP BY year, site_id, day
)
SELECT
    w.year AS year,
    w.site_id AS site_id,
    w.day AS day,
    c.visitors AS visitors,
    c.base_visitors AS base_visitors,
    w.made_from AS made_from
FROM intermediate.wanted_days AS w
LEFT JOIN counted AS c ON c.year = w.year AND c.site_id = w.site_id AND c.day = w.day
WHERE w.day >= w.since
UNION ALL
SELECT year, site_id, day, visitors, base_visitors, made_from
FROM {{ kept('first_visits') }}
WHERE made_from IN (SELECT made_from FROM intermediate.wanted_days)
