-- Compared site: its distinct visitors of the whole base year (none where the passport gives the base value).
{% from 'macros/periods.sql' import kept with context %}
{%- from 'macros/visits.sql' import visits with context %}
WITH
wanted AS
(
    SELECT
        s.site_id AS site_id,
        cityHash64(
            {{ definitions['base_visitors'] | literal }},
            site_id,
            sum(cityHash64(c.counter_id, c.day, c.loads))
        ) AS made_from
    FROM intermediate.site_calendar AS c
    INNER JOIN reference.programme_sites AS s ON s.counter_id = c.counter_id
    WHERE toYear(c.day) = {{ 0 if baseline_value is not none else baseline_year or 1970 }}
        AND site_id IN (SELECT site_id FROM intermediate.compared_days)
    GROUP BY site_id
),
missing AS
(
    SELECT site_id, made_from FROM wanted
    WHERE made_from NOT IN (SELECT made_from FROM {{ kept('base_visitors') }})
),
days AS
(
    SELECT c.counter_id AS counter_id, c.day AS day
    FROM intermediate.site_calendar AS c
    INNER JOIN reference.programme_sites AS s ON s.counter_id = c.counter_id
    WHERE toYear(c.day) = {{ baseline_year or 1970 }} AND s.site_id IN (SELECT site_id FROM missing)
)
SELECT m.site_id AS site_id, v.visitors AS visitors, m.made_from AS made_from
FROM missing AS m
LEFT JOIN
(
    SELECT s.site_id AS site_id, uniqExact(v.visitor) AS visitors
    FROM
    (
        {{ visits('SELECT counter_id, day FROM days') }}
    ) AS v
    INNER JOIN reference.programme_sites AS s ON s.counter_id = v.counter_id
    GROUP BY site_id
) AS v ON v.site_id = m.site_id
UNION ALL
SELECT site_id, visitors, made_from
FROM {{ kept('base_visitors') }}
WHERE made_from IN (SELECT made_from FROM wanted)
