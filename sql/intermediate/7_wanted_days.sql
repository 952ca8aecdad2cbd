-- Matched day of a year and site: a hash of all that its first visits are made from, and since which day
-- those of its year must be counted anew. A day's first visits follow from it and from the days before it.
{% from 'macros/periods.sql' import kept with context %}
WITH
loads AS
(
    SELECT s.site_id AS site_id, c.day AS day, sum(cityHash64(c.counter_id, c.loads)) AS loads
    FROM intermediate.site_calendar AS c
    INNER JOIN reference.programme_sites AS s ON s.counter_id = c.counter_id
    GROUP BY site_id, day
),
wanted AS
(
    SELECT
        m.year AS year,
        m.site_id AS site_id,
        m.day AS day,
        m.base_day AS base_day,
        cityHash64(
            {{ definitions['first_visits'] | literal }},
            year,
            site_id,
            sum(cityHash64(day, base_day, o.loads, b.loads)) OVER (PARTITION BY year, site_id ORDER BY day)
        ) AS made_from
    FROM intermediate.compared_days AS m
    LEFT JOIN loads AS o ON o.site_id = m.site_id AND o.day = m.day
    LEFT JOIN loads AS b ON b.site_id = m.site_id AND b.day = m.base_day
    WHERE m.is_matched
)
SELECT
    year,
    site_id,
    day,
    base_day,
    made_from,
    minOrNullIf(day, made_from NOT IN (SELECT made_from FROM {{ kept('first_visits') }}))
        OVER (PARTITION BY year, site_id) AS since
FROM wanted
