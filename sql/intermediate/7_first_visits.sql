-- Year × site × matched day: visitors whose first matched day of the year it is, so that a running total is a
-- distinct count; and the same of the base year, on the day that the base day is compared with (none where
-- the passport gives the base value).
WITH visits AS
(
    SELECT s.site_id AS site_id, v.day AS day, v.visitor AS visitor
    FROM
    (
{% include 'macros/visits.sql' %}
    ) AS v
    INNER JOIN reference.programme_sites AS s ON s.counter_id = v.counter_id
),
matched AS
(
    SELECT year, site_id, day, base_day FROM intermediate.compared_days WHERE is_matched
)
SELECT year, site_id, day, countIf(NOT is_base) AS visitors, countIf(is_base) AS base_visitors
FROM
(
    SELECT m.year AS year, v.site_id AS site_id, v.visitor AS visitor, false AS is_base, min(v.day) AS day
    FROM visits AS v
    INNER JOIN matched AS m ON m.site_id = v.site_id AND m.day = v.day
    GROUP BY year, site_id, visitor
    {%- if baseline_value is none %}
    UNION ALL
    SELECT m.year AS year, v.site_id AS site_id, v.visitor AS visitor, true AS is_base, min(m.day) AS day
    FROM visits AS v
    INNER JOIN matched AS m ON m.site_id = v.site_id AND m.base_day = v.day
    GROUP BY year, site_id, visitor
    {%- endif %}
)
GROUP BY year, site_id, day
